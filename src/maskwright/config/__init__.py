"""The run configuration: one YAML file is one run, and every key can be overridden as `key.sub=value`."""

from maskwright.config.data_section import DataSection
from maskwright.config.reading import dump_config, overridden_masking, parse_config, read_config
from maskwright.config.sections import (
    Configuration,
    Configurations,
    EvaluationConfig,
    LoraConfig,
    RunConfig,
    TrainingConfig,
)

__all__ = [
    "Configuration",
    "Configurations",
    "DataSection",
    "EvaluationConfig",
    "LoraConfig",
    "RunConfig",
    "TrainingConfig",
    "dump_config",
    "overridden_masking",
    "parse_config",
    "read_config",
]

"""The run configuration: one YAML file is one run, and every key can be overridden as `key.sub=value`."""

from maskwright.config.reading import dump_config, load_config, overridden_masking, parse_config
from maskwright.config.sections import (
    DataSection,
    EvaluationConfig,
    LoraConfig,
    RunConfig,
    TrainingConfig,
)

__all__ = [
    "DataSection",
    "EvaluationConfig",
    "LoraConfig",
    "RunConfig",
    "TrainingConfig",
    "dump_config",
    "load_config",
    "overridden_masking",
    "parse_config",
]

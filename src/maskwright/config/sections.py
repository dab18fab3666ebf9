"""The keys that all tasks share, with their defaults: training, and evaluation with its draws, resamples, confidence.

A task replaces `data`, `training` and `generation` by sections of its own. A key that is in none of them is refused,
with the nearest name that is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    Field,
    PlainSerializer,
    PlainValidator,
    ValidationInfo,
    field_validator,
    model_validator,
)

from maskwright import patterns
from maskwright.config.data_section import DataSection, Node
from maskwright.engine.modalities import PerModality
from maskwright.errors import ConfigError
from maskwright.masking import Masking
from maskwright.strategy import short, to_node

__all__ = [
    "Configuration",
    "Configurations",
    "EvaluationConfig",
    "LoraConfig",
    "RunConfig",
    "TrainingConfig",
]


class LoraConfig(Node):
    """Low-rank adapters instead of full fine-tuning (needs the extra `lora`)."""

    rank: int = Field(default=8, ge=1, description="inner dimension of the adapters")
    alpha: float = Field(default=16.0, gt=0.0, description="the adapters are scaled by alpha / rank")
    dropout: float = Field(default=0.0, ge=0.0, lt=1.0, description="inside the adapters")
    target_modules: list[str] | Literal["all-linear"] = Field(
        default="all-linear", description="names of the layers that get adapters"
    )


class TrainingConfig(Node):
    """How the model learns. Batch sizes are per device; `learning_rate` is the peak."""

    output: str = Field(default="runs/first", description="the run folder")
    epochs: float = Field(default=3.0, gt=0.0, le=10_000, description="passes over the training rows")
    max_steps: int | None = Field(
        default=None, ge=1, description="optimiser steps instead of epochs; a stream needs it, for it has no end"
    )
    batch_size: int = Field(default=16, ge=1, description="examples per device and forward pass")
    eval_batch_size: int = Field(default=64, ge=1, description="examples per device during validation")
    gradient_accumulation: int = Field(default=1, ge=1, description="forward passes per optimiser step")
    learning_rate: float = Field(default=5e-5, gt=0.0, le=10.0, description="peak")
    learning_rate_schedule: Literal["linear", "cosine", "constant"] = Field(
        default="linear", description="after the warm-up"
    )
    warmup: float = Field(default=0.06, ge=0.0, lt=1.0, description="share of all steps")
    weight_decay: float = Field(default=0.01, ge=0.0, le=10.0, description="of AdamW; biases and norms are exempt")
    max_grad_norm: float = Field(default=1.0, gt=0.0, description="gradients are clipped to this norm")
    seed: int = Field(default=0, ge=0, lt=2**31, description="of order, masks, dropout and new weights")
    dtype: Literal["auto", "bf16", "fp32"] = Field(
        default="auto", description="auto: bf16 where it is faster, else fp32"
    )
    evaluate_every: int | None = Field(default=None, ge=1, description="optimiser steps; default: once an epoch")
    keep_best: bool = Field(default=True, description="keep the weights of the best validation score, not the last")
    early_stopping: int | None = Field(default=None, ge=1, description="stop after so many evaluations without gain")
    ema: float | None = Field(default=None, gt=0.0, lt=1.0, description="decay; needs learning_rate_schedule: constant")
    gradient_checkpointing: bool = Field(default=False, description="less memory, more time")
    lora: LoraConfig | None = None
    workers: int = Field(default=0, ge=0, le=64, description="processes that prepare batches")
    world_size: int | None = Field(default=None, ge=1, description="processes expected; another number is refused")
    report_to: str | list[str] = Field(default="none", description="trackers of the Hugging Face Trainer")
    save_every: int | None = Field(default=None, ge=1, description="optimiser steps; default: with every evaluation")

    @model_validator(mode="after")
    def _ema_needs_constant_rate(self) -> TrainingConfig:
        if self.ema is not None and self.learning_rate_schedule != "constant":
            raise ValueError(
                f"ema={self.ema} with learning_rate_schedule={self.learning_rate_schedule}: averaging weights over a "
                "falling rate averages little; set learning_rate_schedule: constant, or remove ema"
            )
        return self


Share = Annotated[float, Field(ge=0.0, lt=1.0)]


class EvaluationConfig(Node):
    """What is measured after training, and with what certainty."""

    ratios: list[Share] = Field(
        default_factory=lambda: [0.0, 0.1, 0.3, 0.5, 0.7, 0.9], min_length=2, description="hidden shares to measure at"
    )
    patterns: list[Any] = Field(
        default_factory=lambda: ["iid", "span"],
        min_length=1,
        description="names of patterns, each with its defaults, or {name: parameters}",
    )
    unit: str = Field(default="token", description="what is hidden whole: word, token or type; patch; and so on")
    metrics: list[str] | None = Field(
        default=None, min_length=1, description="names of what is measured, the headline first"
    )
    draws: int = Field(default=3, ge=1, le=1000, description="independent masks per example, pattern and ratio")
    twin: bool = Field(
        default=True, description="compare with the same run trained without masking, trained if missing"
    )
    confidence: float = Field(default=0.95, gt=0.5, lt=1.0, description="of all intervals")
    bootstrap: int = Field(default=2000, ge=200, le=1_000_000, description="resamples behind every interval")
    examples: int = Field(default=12, ge=0, le=1000, description="examples shown in the report")
    batch_size: int = Field(default=64, ge=1, description="examples per forward pass")
    predictions: bool = Field(default=True, description="write every answer to predictions.parquet")

    @field_validator("patterns")
    @classmethod
    def _patterns_exist(cls, nodes: list[Any]) -> list[Any]:
        for node in nodes:
            patterns.from_node(node)
        return nodes

    @property
    def named_patterns(self) -> dict[str, patterns.Pattern]:
        """The patterns by what tables call them: the name as given, or in short: `tied(iid, axis=frame)`."""
        parsed = [(node, patterns.from_node(node)) for node in self.patterns]
        return {node if isinstance(node, str) else short(pattern): pattern for node, pattern in parsed}


def _masking_from_node(node: Any) -> Masking | PerModality | None:
    if node is None or isinstance(node, Masking | PerModality):
        return node
    if isinstance(node, str) and node.lower() == "none":
        return None
    return (
        PerModality.from_dict(node) if isinstance(node, Mapping) and "modalities" in node else Masking.from_dict(node)
    )


MaskingNode = Annotated[
    Any,  # Masking | PerModality | None; tasks without modalities have a Masking or None
    PlainValidator(_masking_from_node),
    PlainSerializer(lambda masking: "none" if masking is None else masking.to_dict(), return_type=Any),
]


@dataclass(frozen=True)
class Configuration:
    """What of a run configuration is a task's own.

    Attributes:
        data: its `data` section.
        training: its `training` section.
        generation: its `generation` section; None where answers are not generated.
        objective: reads the `objective` node, or None for the default; ConfigError if the task cannot learn it.
        defaults: of its own, such as {"evaluation": {"patterns": ["iid", "block"]}}.
    """

    data: type[DataSection]
    objective: Callable[[Any], Any]
    training: type[TrainingConfig] = TrainingConfig
    generation: type[BaseModel] | None = None
    defaults: Mapping[str, Any] = field(default_factory=dict)


Configurations = Callable[[str], Configuration]
"""Name of a task -> what of a configuration is its own; ConfigError if there is no such task."""


ObjectiveNode = Annotated[
    Any,
    PlainSerializer(lambda objective: None if objective is None else to_node(objective), return_type=Any),
]


class RunConfig(Node):
    """One run: task, model, data, masking, objective, training and evaluation.

    It is validated with the task's own sections: `context={"configurations": Configurations}`.
    """

    task: str = Field(description="what the model does; a name, or module:TASK of your own")
    model: str = Field(min_length=1, description="hub name, local folder, or scratch:tiny, scratch:small")
    data: Any = Field(description="where the examples are; a section of the task's own, see `DataSection`")
    masking: MaskingNode = Field(default=None, description="what is hidden while the model learns")
    objective: ObjectiveNode = Field(
        default=None, validate_default=True, description="what is learned: the labels, or what was hidden"
    )
    training: Any = Field(default_factory=dict, validate_default=True, description="see `TrainingConfig`")
    generation: Any = Field(default=None, validate_default=True, description="how answers are generated")
    evaluation: EvaluationConfig = Field(default_factory=lambda: EvaluationConfig())

    @model_validator(mode="before")
    @classmethod
    def _with_defaults_of_the_task(cls, node: Any, info: ValidationInfo) -> Any:
        if not isinstance(node, dict) or not isinstance(node.get("task"), str):
            return node
        try:
            return _merged(_own(info, node["task"]).defaults, node)
        except ConfigError:  # there is no such task, which its own key says below
            return node

    @field_validator("task")
    @classmethod
    def _task_exists(cls, name: str, info: ValidationInfo) -> str:
        _own(info, name)
        return name

    @field_validator("data", mode="plain")
    @classmethod
    def _data_of_the_task(cls, node: Any, info: ValidationInfo) -> DataSection:
        if "task" not in info.data:  # which is wrong itself, and has its own message
            return DataSection()
        return _section(_own(info, info.data["task"]).data, node)

    @field_validator("training", mode="plain")
    @classmethod
    def _training_of_the_task(cls, node: Any, info: ValidationInfo) -> TrainingConfig:
        section = _own(info, info.data["task"]).training if "task" in info.data else TrainingConfig
        return _section(section, node)

    @field_validator("generation", mode="plain")
    @classmethod
    def _generation_of_the_task(cls, node: Any, info: ValidationInfo) -> Any:
        section = _own(info, info.data["task"]).generation if "task" in info.data else None
        if section is None:
            if node is not None:
                raise ValueError(f"generation: the answers of {info.data.get('task')} are not generated; leave it out")
            return None
        return _section(section, node or {})

    @field_validator("objective", mode="plain")
    @classmethod
    def _objective_of_the_task(cls, node: Any, info: ValidationInfo) -> Any:
        if "task" not in info.data:
            return node
        return _own(info, info.data["task"]).objective(node)


def _own(info: ValidationInfo, task: str) -> Configuration:
    return (info.context or {})["configurations"](task)


def _section(section: type[BaseModel], node: Any) -> Any:
    return node if isinstance(node, section) else section.model_validate(node)


def _merged(defaults: Mapping[str, Any], node: Mapping[str, Any]) -> dict[str, Any]:
    """What is given, and the defaults for what is not, section by section."""
    merged = {**defaults, **node}
    for key, value in defaults.items():
        if isinstance(value, Mapping) and isinstance(node.get(key), Mapping):
            merged[key] = _merged(value, node[key])
    return merged

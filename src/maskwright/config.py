"""The run configuration: one YAML file is one run, and every key can be overridden as `key.sub=value`.

The models below are the whole vocabulary of a configuration file; their fields are its keys and their defaults are its
defaults. A key that is not here is refused with the nearest name that is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    ValidationError,
    field_validator,
    model_validator,
)

from maskwright import patterns
from maskwright.drawing import check_on_text
from maskwright.errors import ConfigError, MaskwrightError, did_you_mean
from maskwright.masking import Masking
from maskwright.yaml_reader import parse_yaml

__all__ = [
    "DataConfig",
    "EvaluationConfig",
    "LoraConfig",
    "RunConfig",
    "TrainingConfig",
    "dump_config",
    "load_config",
    "parse_config",
]


class _Node(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class DataConfig(_Node):
    """Where the examples are and which columns hold what.

    `train`, `validation` and `test` are files (CSV, TSV, JSONL, Parquet), or names of splits when `dataset` names a hub
    data set or a local folder of one. Without `validation`, `validation_share` of the training rows is set aside, the
    same rows every time. Without `test`, evaluation uses the validation rows. Columns left out are guessed from the
    header and shown. `variants` maps a group's name to the column that holds the same example's text in that variant
    (shortcut removed, shortcut swapped, ...).
    """

    dataset: str | None = Field(
        default=None, description="hub data set, or local folder of one; the three below are then names of its splits"
    )
    train: str = Field(default="train", description="file (CSV, TSV, JSONL, Parquet) or split")
    validation: str | None = Field(default=None, description="file or split; default: set aside from train")
    test: str | None = Field(default=None, description="file or split; default: the validation rows")
    text: str | None = Field(default=None, description="column; guessed if left out")
    text_pair: str | None = Field(default=None, description="column of the second text of a pair")
    label: str | None = Field(default=None, description="column; guessed if left out")
    variants: dict[str, str] = Field(
        default_factory=dict, description="name of a group: column of the test file with the text in that variant"
    )
    validation_share: float = Field(
        default=0.1, gt=0.0, lt=0.5, description="of the training rows, where no validation is given"
    )
    duplicates: Literal["refuse", "drop"] = Field(
        default="refuse",
        description="rows with the same text in two splits; drop leaves them out of training and counts them",
    )
    max_length: int = Field(default=256, ge=4, description="tokens; longer texts are cut at the end, and counted")


class LoraConfig(_Node):
    """Low-rank adapters instead of full fine-tuning (needs the extra `lora`)."""

    rank: int = Field(default=8, ge=1, description="inner dimension of the adapters")
    alpha: float = Field(default=16.0, gt=0.0, description="the adapters are scaled by alpha / rank")
    dropout: float = Field(default=0.0, ge=0.0, lt=1.0, description="inside the adapters")
    target_modules: list[str] | Literal["all-linear"] = Field(
        default="all-linear", description="names of the layers that get adapters"
    )


class TrainingConfig(_Node):
    """How the model learns. Batch sizes are per device; `learning_rate` is the peak."""

    output: str = Field(default="runs/first", description="the run folder")
    epochs: float = Field(default=3.0, gt=0.0, le=10_000, description="passes over the training rows")
    batch_size: int = Field(default=16, ge=1, description="texts per device and forward pass")
    eval_batch_size: int = Field(default=64, ge=1, description="texts per device during validation")
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
    class_weights: Literal["none", "auto"] = Field(
        default="none", description="auto: every class weighs the same in the loss"
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


class EvaluationConfig(_Node):
    """What is measured after training, and with what certainty."""

    ratios: list[Share] = Field(
        default_factory=lambda: [0.0, 0.1, 0.3, 0.5, 0.7, 0.9], min_length=2, description="hidden shares to measure at"
    )
    patterns: list[str] = Field(
        default_factory=lambda: ["iid", "span"], min_length=1, description="names of patterns, each with its defaults"
    )
    unit: Literal["token", "word", "type"] = Field(default="word", description="what is hidden whole")
    draws: int = Field(default=3, ge=1, le=1000, description="independent masks per example, pattern and ratio")
    twin: bool = Field(
        default=True, description="compare with the same run trained without masking, trained if missing"
    )
    confidence: float = Field(default=0.95, gt=0.5, lt=1.0, description="of all intervals")
    bootstrap: int = Field(default=2000, ge=200, le=1_000_000, description="resamples behind every interval")
    examples: int = Field(default=12, ge=0, le=1000, description="examples shown in the report")
    batch_size: int = Field(default=64, ge=1, description="texts per forward pass")

    @field_validator("patterns")
    @classmethod
    def _patterns_exist(cls, given: list[str]) -> list[str]:
        for name in given:
            patterns.from_node(name)
        return given


def _masking_from_node(node: Any) -> Masking | None:
    if node is None or isinstance(node, Masking):
        return node
    if isinstance(node, str) and node.lower() == "none":
        return None
    return Masking.from_dict(node)


MaskingNode = Annotated[
    Masking | None,
    PlainValidator(_masking_from_node),
    PlainSerializer(lambda masking: "none" if masking is None else masking.to_dict(), return_type=Any),
]


class RunConfig(_Node):
    """One run: task, model, data, masking, objective, training and evaluation.

    >>> parse_config({"model": "scratch:tiny", "data": {"train": "a.csv"}, "masking": "none"}).training.epochs
    3.0
    """

    task: Literal["text-classification"] = Field(default="text-classification", description="what the model does")
    model: str = Field(min_length=1, description="hub name, local folder, or scratch:tiny, scratch:small")
    data: DataConfig
    masking: MaskingNode = Field(default=None, description="what is hidden while the model learns")
    objective: Literal["supervised"] = Field(default="supervised", description="what is learned: the labels")
    training: TrainingConfig = Field(default_factory=lambda: TrainingConfig())
    evaluation: EvaluationConfig = Field(default_factory=lambda: EvaluationConfig())

    @model_validator(mode="after")
    def _masking_is_for_text(self) -> RunConfig:
        if self.masking is not None:
            check_on_text(self.masking)
        return self


def load_config(path: str | Path, overrides: Sequence[str] = ()) -> RunConfig:
    """Read, override and validate a configuration file.

    Relative paths inside `data`, and a `model` that is a local folder, are taken from where the command runs, as a
    shell would.

    Args:
        path: the YAML file.
        overrides: `key.sub=value` strings; the value is read as YAML.

    Raises:
        ConfigError: with one line for each thing that is wrong.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such file. Give the path of a run configuration (YAML).") from None
    except IsADirectoryError:
        raise ConfigError(f"{path}: this is a folder, not a run configuration (YAML).") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as UTF-8 text: {error}.") from None
    node = parse_yaml(text, str(path))
    if not isinstance(node, dict):
        raise ConfigError(f"{path}: expected keys and values (task, model, data, ...), found {_kind(node)}.")
    for override in overrides:
        _override(node, override)
    return parse_config(node, source=str(path))


def parse_config(node: Mapping[str, Any], source: str = "configuration") -> RunConfig:
    """Validate a configuration given as nested mappings; see `load_config`."""
    try:
        return RunConfig.model_validate(node)
    except ValidationError as error:
        lines = [_explain(detail, source) for detail in error.errors()]
        raise ConfigError("\n".join(lines)) from None
    except MaskwrightError as error:
        raise ConfigError(f"{source}: {error}") from None


def dump_config(config: RunConfig) -> str:
    """Write a configuration as YAML with every default spelled out; `load_config` reads it back equal."""
    return yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def overridden_masking(preset: str, overrides: Sequence[str]) -> Masking:
    """A preset with some of its keys set, as `masking.budget=0.3`."""
    node: dict[str, Any] = {"masking": Masking.from_dict(preset).to_dict()}
    for override in overrides:
        _override(node, override)
    if len(node) > 1:
        raise ConfigError(f"'{list(node)[1]}': a preset has only keys of its masking, such as masking.budget=0.3.")
    return Masking.from_dict(node["masking"])


def _override(node: dict[str, Any], override: str) -> None:
    key, equals, value = override.partition("=")
    if not equals or not key:
        raise ConfigError(f"'{override}': expected key=value, such as training.seed=1.")
    *parents, last = key.strip().split(".")
    if parents[:1] == ["masking"] and isinstance(node.get("masking"), str) and node["masking"] != "none":
        node["masking"] = Masking.from_dict(node["masking"]).to_dict()  # a preset, of which one part is to be changed
    for parent in parents:
        if not isinstance(node.get(parent), dict):
            node[parent] = {}
        node = node[parent]
    node[last] = parse_yaml(value, f"override '{override}'")


def _explain(detail: Any, source: str) -> str:
    location = [part for part in detail["loc"] if part != "function-before"]
    key = ".".join(str(part) for part in location)
    if detail["type"] == "extra_forbidden":
        hint = did_you_mean(str(location[-1]), _fields_at(location[:-1]))
        return f"{source}: unknown key '{key}'. {hint}"
    if detail["type"] == "missing":
        return f"{source}: the key '{key}' is missing; it has no default."
    message = detail["msg"].removeprefix("Value error, ").rstrip(".")
    # Messages of our own say what was given, and where if they look at more than one key.
    own = detail["type"] == "value_error"
    given = detail["input"]
    shown = "" if own or isinstance(given, dict | BaseModel) else f" (given: {given!r})"
    place = "" if not key or message.startswith(key) else f"{key}: "
    return f"{source}: {place}{message}{shown}."


def _fields_at(location: Sequence[Any]) -> list[str]:
    model: Any = RunConfig
    for part in location:
        annotation = model.model_fields[part].annotation if part in getattr(model, "model_fields", {}) else None
        candidates = [annotation, *getattr(annotation, "__args__", ())]
        model = next((c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), None)
        if model is None:
            return []
    return list(model.model_fields)


def _kind(node: Any) -> str:
    return "an empty file" if node is None else f"a {type(node).__name__}"

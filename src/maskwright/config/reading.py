"""From a YAML file and overrides to a checked configuration, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from maskwright.config.sections import RunConfig
from maskwright.config.yaml_reader import parse_yaml
from maskwright.errors import ConfigError, MaskwrightError, did_you_mean
from maskwright.masking import Masking

__all__ = ["dump_config", "load_config", "overridden_masking", "parse_config"]


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
        lines = [_explain(detail, source, node) for detail in error.errors()]
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


def _explain(detail: Any, source: str, node: Any) -> str:
    location = [part for part in detail["loc"] if part != "function-before"]
    key = ".".join(str(part) for part in location)
    if detail["type"] == "extra_forbidden":
        hint = did_you_mean(str(location[-1]), _fields_at(location[:-1], node))
        return f"{source}: unknown key '{key}'. {hint}"
    if detail["type"] == "missing":
        return f"{source}: the key '{key}' is missing; it has no default."
    message = detail["msg"].removeprefix("Value error, ").rstrip(".")
    # Messages of our own say what was given, and where if they look at more than one key.
    own = detail["type"] == "value_error"
    given = detail["input"]
    shown = "" if own or isinstance(given, dict | BaseModel) else f" (given: {given!r})"
    place = "" if not key or message.startswith(key) else f"{key}: "
    end = "" if message.endswith("?") and not shown else "."
    return f"{source}: {place}{message}{shown}{end}"


def _fields_at(location: Sequence[Any], node: Any) -> list[str]:
    from maskwright import tasks

    model: Any = RunConfig
    for part in location:
        if part == "data" and model is RunConfig:
            model = tasks.get(node.get("task", "text-classification")).Data
            continue
        annotation = model.model_fields[part].annotation if part in getattr(model, "model_fields", {}) else None
        candidates = [annotation, *getattr(annotation, "__args__", ())]
        model = next((c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), None)
        if model is None:
            return []
    return list(model.model_fields)


def _kind(node: Any) -> str:
    return "an empty file" if node is None else f"a {type(node).__name__}"

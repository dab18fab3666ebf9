"""From a YAML file and overrides to a checked configuration, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from maskwright.config.sections import Configurations, RunConfig
from maskwright.config.yaml_reader import parse_yaml
from maskwright.errors import ConfigError, MaskwrightError, did_you_mean
from maskwright.masking import Masking

__all__ = ["dump_config", "overridden_masking", "parse_config", "read_config"]


def read_config(path: str | Path, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """Read a configuration file and set the keys that are overridden; `maskwright.tasks.load_config` validates it.

    Relative paths inside `data`, and a `model` that is a local folder, are taken from where the command runs, as a
    shell would.

    Args:
        path: the YAML file.
        overrides: `key.sub=value` strings; the value is read as YAML.

    Raises:
        ConfigError: the file cannot be read, or is not a mapping of keys and values.
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
    return node


def parse_config(node: Mapping[str, Any], source: str, configurations: Configurations) -> RunConfig:
    """Validate a configuration given as nested mappings; `maskwright.tasks.parse_config` knows the tasks.

    Args:
        node: keys and values; `task` among them.
        source: what messages call it.
        configurations: what of a configuration is a task's own.

    Raises:
        ConfigError: with one line for each thing that is wrong.
    """
    try:
        return RunConfig.model_validate(node, context={"configurations": configurations})
    except ValidationError as error:
        lines = [_explain(detail, source, Keys(node, configurations)) for detail in error.errors()]
        raise ConfigError("\n".join(lines)) from None
    except MaskwrightError as error:
        raise ConfigError(f"{source}: {error}") from None


def dump_config(config: RunConfig) -> str:
    """Write a configuration as YAML with every default spelled out; reading it gives an equal one."""
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


@dataclass(frozen=True)
class Keys:
    """What keys there are in a configuration.

    Attributes:
        node: the configuration as it was given, which names its task.
        configurations: what of a configuration is a task's own.
    """

    node: Mapping[str, Any]
    configurations: Configurations

    def at(self, location: Sequence[Any]) -> list[str]:
        """The keys of a section, by the keys that lead to it."""
        model: Any = RunConfig
        for part in location:
            own = self._own(part) if model is RunConfig else None
            fields: Mapping[str, Any] = model.model_fields
            annotation = own or (fields[part].annotation if part in fields else None)
            candidates = [annotation, *get_args(annotation)]
            model = next((c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), None)
            if model is None:
                return []
        return list(model.model_fields)

    def _own(self, section: str) -> type[BaseModel] | None:
        """A section that belongs to the task."""
        if section not in ("data", "training", "generation"):
            return None
        own = self.configurations(self.node["task"])
        return {"data": own.data, "training": own.training, "generation": own.generation}[section]


def _explain(detail: Any, source: str, keys: Keys) -> str:
    location = [part for part in detail["loc"] if part != "function-before"]
    key = ".".join(str(part) for part in location)
    if detail["type"] == "extra_forbidden":
        hint = did_you_mean(str(location[-1]), keys.at(location[:-1]))
        return f"{source}: unknown key '{key}'. {hint}"
    if detail["type"] == "missing":
        return f"{source}: the key '{key}' is missing; it has no default."
    message = detail["msg"].removeprefix("Value error, ").rstrip(".")
    # Messages of our own say what was given, and where if they look at more than one key.
    own = detail["type"] == "value_error"
    value = detail["input"]
    shown = "" if own or isinstance(value, dict | BaseModel) else f" (given: {value!r})"
    place = "" if not key or message.startswith(key) else f"{key}: "
    end = "" if message.endswith("?") and not shown else "."
    return f"{source}: {place}{message}{shown}{end}"


def _kind(node: Any) -> str:
    return "an empty file" if node is None else f"a {type(node).__name__}"

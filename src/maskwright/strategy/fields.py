"""The fields of strategies: their ranges, and the checks at construction."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from maskwright.errors import ConfigError, did_you_mean
from maskwright.strategy.nodes import read

REQUIRED = dataclasses.MISSING


def number(default: Any, low: float, high: float, unit: str, *, whole: bool = False) -> Any:
    """A numeric field: default (or REQUIRED), inclusive range and unit."""
    return dataclasses.field(default=default, metadata={"low": low, "high": high, "unit": unit, "whole": whole})


def axis_name() -> Any:
    """A field that holds the name of an axis of the grid, or None."""
    return dataclasses.field(default=None, metadata={"axis": True})


def choice(default: str, *options: str) -> Any:
    """A field that takes one of a few names."""
    return dataclasses.field(default=default, metadata={"options": options})


def flag(default: bool) -> Any:
    """A field that is true or false."""
    return dataclasses.field(default=default, metadata={"flag": True})


def part(package: str, default: Any = REQUIRED, *, bare: bool = False) -> Any:
    """A field that holds another strategy of a package, or what YAML takes for one (a name, a mapping).

    With `bare` it is the only field, and YAML writes the strategy without the field's name.
    """
    return dataclasses.field(default=default, metadata={"package": package, "bare": bare})


def parts(package: str) -> Any:
    """A field that holds several strategies of a package, as a tuple."""
    return dataclasses.field(default=REQUIRED, metadata={"package": package, "several": True})


def weighted(package: str) -> Any:
    """A field that holds (strategy, weight) pairs; in YAML `{name: weight}`, or a list of [node, weight]."""
    return dataclasses.field(default=REQUIRED, metadata={"package": package, "weighted": True, "bare": True})


def check(value: Any) -> None:
    """Check every field of a strategy against its declared range; call it from `__post_init__`.

    Fields that hold strategies and were given as YAML nodes become values here.

    Raises:
        ConfigError: naming strategy, field, value, range and unit; a strategy of another kind.
    """
    for field in dataclasses.fields(value):
        content, rules = getattr(value, field.name), field.metadata
        if content is None and field.default is None:
            continue
        where = f"{type(value).__name__}.{field.name}"
        if "package" in rules:
            object.__setattr__(value, field.name, _strategies(where, content, rules))
        if "axis" in rules and not (isinstance(content, str) and content):
            raise ConfigError(f"{where}: expected the name of an axis, given {content!r}.")
        if "options" in rules and content not in rules["options"]:
            raise ConfigError(f"{where}: given {content!r}. {did_you_mean(str(content), rules['options'])}")
        if "flag" in rules and not isinstance(content, bool):
            raise ConfigError(f"{where}: expected true or false, given {content!r}.")
        if "low" in rules:
            _check_number(where, content, rules)


def _strategies(where: str, content: Any, rules: Mapping[str, Any]) -> Any:
    package = rules["package"]
    if rules.get("weighted"):
        return _pairs(where, content, package)
    if not rules.get("several"):
        return read(package, content, where)
    if not isinstance(content, list | tuple) or not content:
        raise ConfigError(f"{where}: expected a list of one or more, given {content!r}.")
    return tuple(read(package, node, where) for node in content)


def _pairs(where: str, content: Any, package: str) -> tuple[tuple[Any, float], ...]:
    pairs = list(content.items()) if isinstance(content, Mapping) else content
    if not isinstance(pairs, list | tuple) or not pairs:
        raise ConfigError(f"{where}: expected one {{name: weight}} or more, given {content!r}.")
    for pair in pairs:
        if not isinstance(pair, list | tuple) or len(pair) != 2 or not _is_weight(pair[1]):
            raise ConfigError(f"{where}: expected pairs of a strategy and a weight above 0, given {pair!r}.")
    return tuple((read(package, node, where), weight) for node, weight in pairs)


def _is_weight(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf


def _check_number(where: str, content: Any, rules: Mapping[str, Any]) -> None:
    kind = "a whole number" if rules["whole"] else "a number"
    expected = f"{where}: expected {kind} from {rules['low']:g} to {rules['high']:g} ({rules['unit']})"
    wanted = int if rules["whole"] else (int, float)
    if isinstance(content, bool) or not isinstance(content, wanted) or math.isnan(content):
        raise ConfigError(f"{expected}, given {content!r}.")
    if not rules["low"] <= content <= rules["high"]:
        raise ConfigError(f"{expected}, given {content!r}.")

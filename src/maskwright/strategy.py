"""Strategies as values: what budgets, patterns and fills have in common.

A strategy is a frozen dataclass in a file of its own. Its file name is its name in YAML and on the command line
(`mask_token.py`, `mask-token`, `MaskToken`; one of yours is `your_module:YourClass`); its fields are its parameters;
the metadata of a field says its range, which is checked at construction and is the search space of tuning. Here are the
checks and the way to and from YAML.
"""

from __future__ import annotations

import dataclasses
import importlib
import math
import pkgutil
import sys
from collections.abc import Mapping
from functools import cache
from typing import Any

from maskwright.errors import ConfigError, did_you_mean

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


def part(package: str, default: Any = REQUIRED) -> Any:
    """A field that holds another strategy of a package, or what YAML takes for one (a name, a mapping)."""
    return dataclasses.field(default=default, metadata={"package": package})


def parts(package: str) -> Any:
    """A field that holds several strategies of a package, as a tuple."""
    return dataclasses.field(default=REQUIRED, metadata={"package": package, "several": True})


def check(value: Any) -> None:
    """Check every field of a strategy against its declared range; call it from `__post_init__`.

    Fields that hold strategies and were given as YAML nodes become values here.

    Raises:
        ConfigError: naming strategy, field, value, range and unit.
    """
    for field in dataclasses.fields(value):
        given, rules = getattr(value, field.name), field.metadata
        if given is None and field.default is None:
            continue
        where = f"{type(value).__name__}.{field.name}"
        if "package" in rules:
            object.__setattr__(value, field.name, _inner(where, given, rules))
        if "axis" in rules and not (isinstance(given, str) and given):
            raise ConfigError(f"{where}: expected the name of an axis, given {given!r}.")
        if "options" in rules and given not in rules["options"]:
            raise ConfigError(f"{where}: given {given!r}. {did_you_mean(str(given), rules['options'])}")
        if "low" in rules:
            _check_number(where, given, rules)


def _inner(where: str, given: Any, rules: Mapping[str, Any]) -> Any:
    def read(node: Any) -> Any:
        return node if callable(node) else from_node(rules["package"], node)

    if not rules.get("several"):
        return read(given)
    if not isinstance(given, list | tuple) or not given:
        raise ConfigError(f"{where}: expected a list of one or more, given {given!r}.")
    return tuple(read(node) for node in given)


def _check_number(where: str, given: Any, rules: Mapping[str, Any]) -> None:
    kind = "a whole number" if rules["whole"] else "a number"
    expected = f"{where}: expected {kind} from {rules['low']:g} to {rules['high']:g} ({rules['unit']})"
    wanted = int if rules["whole"] else (int, float)
    if isinstance(given, bool) or not isinstance(given, wanted) or math.isnan(given):
        raise ConfigError(f"{expected}, given {given!r}.")
    if not rules["low"] <= given <= rules["high"]:
        raise ConfigError(f"{expected}, given {given!r}.")


@cache
def names(package: str) -> tuple[str, ...]:
    """The names of the strategies in a package, from its files.

    >>> "iid" in names("maskwright.patterns")
    True
    """
    folder = importlib.import_module(package).__path__
    return tuple(sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(folder)))


def get(package: str, name: str) -> type:
    """The class of a strategy, by package and name; ConfigError offers the nearest name.

    A strategy of one's own is named `module:Class`, for example `my_patterns:Diagonal`.
    """
    kind = package.rpartition(".")[2].removesuffix("s")
    if ":" in name:
        return _imported(kind, name)
    if name not in names(package):
        raise ConfigError(f"there is no {kind} '{name}'. {did_you_mean(name, names(package))}")
    module = importlib.import_module(f"{package}.{name.replace('-', '_')}")
    return getattr(module, class_name(name))


def _imported(kind: str, name: str) -> type:
    """A strategy that lies outside this package: a dataclass that can be called."""
    module, _, attribute = name.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, ValueError) as error:
        hint = "It is looked for in the current folder and on PYTHONPATH."
        raise ConfigError(f"{kind} '{name}': cannot be imported: {error}. {hint}") from None
    except AttributeError:
        classes = [n for n, v in vars(sys.modules[module]).items() if isinstance(v, type) and v.__module__ == module]
        hint = did_you_mean(attribute, classes)
        raise ConfigError(f"{kind} '{name}': the module {module} has no '{attribute}'. {hint}") from None
    # Every class can be called; what counts is whether its values can.
    own: type = found if isinstance(found, type) else object
    if not (dataclasses.is_dataclass(own) and any("__call__" in base.__dict__ for base in own.__mro__)):
        raise ConfigError(f"{kind} '{name}': expected a dataclass with a __call__ method; see `maskwright.strategy`.")
    return own


def class_name(name: str) -> str:
    """`mask-token` -> `MaskToken`."""
    return "".join(part.capitalize() for part in name.replace("_", "-").split("-"))


def from_node(package: str, node: Any) -> Any:
    """Build a strategy from its YAML node: `name`, `{name: value}`, `{name: [a, b]}` or `{name: {field: value}}`.

    Raises:
        ConfigError: unknown strategy or field (with the nearest name), missing field, value out of range.

    >>> from_node("maskwright.budgets", {"uniform": [0.0, 0.8]})
    Uniform(low=0.0, high=0.8)
    """
    if isinstance(node, str):
        name, arguments = node, None
    elif isinstance(node, Mapping) and len(node) == 1:
        name, arguments = next(iter(node.items()))
    else:
        kind = package.rpartition(".")[2].removesuffix("s")
        raise ConfigError(f"a {kind} is a name or {{name: parameters}}, given {node!r}.")
    strategy = get(package, str(name))
    if hasattr(strategy, "from_parameters"):
        return strategy.from_parameters(arguments)
    return _construct(strategy, str(name), arguments)


def _construct(strategy: type, name: str, arguments: Any) -> Any:
    fields = [field.name for field in dataclasses.fields(strategy)]
    if arguments is None:
        given: dict[str, Any] = {}
    elif isinstance(arguments, Mapping):
        given = dict(arguments)
    else:
        values = list(arguments) if isinstance(arguments, list | tuple) else [arguments]
        if len(values) > len(fields):
            raise ConfigError(
                f"{name}: given {len(values)} values, expected at most {len(fields)} ({', '.join(fields)})."
            )
        given = dict(zip(fields, values, strict=False))
    for key in given:
        if key not in fields:
            raise ConfigError(f"{name}: unknown parameter '{key}'. {did_you_mean(str(key), fields)}")
    missing = [f.name for f in dataclasses.fields(strategy) if f.default is REQUIRED and f.name not in given]
    if missing:
        raise ConfigError(f"{name}: the parameter '{missing[0]}' is missing; it has no default.")
    nested = {field.name for field in dataclasses.fields(strategy) if "package" in field.metadata}
    return strategy(**{key: value if key in nested else _tuples(value) for key, value in given.items()})


def to_node(value: Any) -> Any:
    """The YAML node of a strategy; `from_node` gives back an equal value.

    >>> from maskwright.patterns.span import Span
    >>> to_node(Span(length=3))["span"]["length"]
    3.0
    """
    module = type(value).__module__
    own = module.startswith("maskwright.")
    name = module.rpartition(".")[2].replace("_", "-") if own else f"{module}:{type(value).__qualname__}"
    if hasattr(value, "to_parameters"):
        return {name: value.to_parameters()}
    parameters = {field.name: _node(getattr(value, field.name), field.metadata) for field in dataclasses.fields(value)}
    return {name: parameters} if parameters else name


def short(value: Any) -> str:
    """A strategy in a few words for tables and axes: its name, and the parameters that are not at their defaults.

    >>> from maskwright.patterns.tied import Tied
    >>> short(Tied("iid", axis="frame")), short(Tied("iid", axis=("row", "col")))
    ('tied(iid, axis=frame)', 'tied(iid, axis=row+col)')
    """
    node = to_node(value)
    name = node if isinstance(node, str) else next(iter(node))
    if hasattr(value, "to_parameters"):
        return f"{name}({value.to_parameters()})"
    told = []
    for field in dataclasses.fields(value):
        given = getattr(value, field.name)
        if given == field.default:
            continue
        several = given if isinstance(given, tuple) else (given,)
        if "package" in field.metadata:
            told += [short(one) for one in several if one is not None]
        else:
            told.append(f"{field.name}={'+'.join(map(str, several))}")
    return f"{name}({', '.join(told)})" if told else name


def _node(value: Any, rules: Mapping[str, Any]) -> Any:
    if value is None or "package" not in rules:
        return _lists(value)
    return [to_node(inner) for inner in value] if rules.get("several") else to_node(value)


def _tuples(value: Any) -> Any:
    return tuple(_tuples(part) for part in value) if isinstance(value, list | tuple) else value


def _lists(value: Any) -> Any:
    return [_lists(part) for part in value] if isinstance(value, tuple) else value


def of_inner(name: str, default: Any) -> Any:
    """A property of a strategy made of others: what its `inner` strategies declare under that name.

    The first that declares anything is heard: one biased part makes a mix biased.
    """

    def read(self: Any) -> Any:
        declared = [getattr(value, name, default) for value in self.inner]
        return next((value for value in declared if value), declared[0])

    return property(read)


def fits_inner(self: Any, grid: Any) -> bool:
    """Whether all the patterns it is made of make sense on the grid."""
    return all(getattr(pattern, "fits", lambda _: True)(grid) for pattern in self.inner)


def _signals(self: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for pattern in self.inner for name in getattr(pattern, "signals", ())))


def _units(self: Any) -> Any:
    return self.inner[0].units


signals_of_inner = property(_signals, doc="What any of the patterns it is made of asks for.")
units_of_inner = property(_units, doc="The units of the pattern it is made of; none if that hides single cells.")

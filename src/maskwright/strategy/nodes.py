"""Strategies to and from the nodes of YAML."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from maskwright.errors import ConfigError, did_you_mean
from maskwright.strategy.kinds import KINDS, get, refuse_other_kinds


def read(package: str, value: Any, where: str) -> Any:
    """The strategy that a value is, or that it stands for as a YAML node.

    Args:
        package: of the kind that is expected.
        value: a strategy, or what `from_node` takes.
        where: the field it was given to, for messages.

    Raises:
        ConfigError: a class instead of a value, a strategy of another kind, and what `from_node` refuses.
    """
    if isinstance(value, type):
        raise ConfigError(f"{where}: given the class {value.__name__}; make a value: {value.__name__}(...).")
    if not callable(value) and not dataclasses.is_dataclass(value):
        return from_node(package, value, where)
    refuse_other_kinds(package, value, where)
    return value


def from_node(package: str, node: Any, where: str = "") -> Any:
    """Build a strategy from its YAML node: `name`, `{name: value}`, `{name: [a, b]}` or `{name: {field: value}}`.

    A plain number is a `ratio` among budgets and a `constant` among fills. `where` is the field, for messages.

    Raises:
        ConfigError: unknown strategy or field (with the nearest name), missing field, value out of range.

    >>> from_node("maskwright.budgets", {"uniform": [0.0, 0.8]})
    Uniform(low=0.0, high=0.8)
    """
    if isinstance(node, int | float) and not isinstance(node, bool) and KINDS[package].number:
        node = {KINDS[package].number: node}
    if isinstance(node, str):
        name, arguments = node, None
    elif isinstance(node, Mapping) and len(node) == 1:
        name, arguments = next(iter(node.items()))
    else:
        raise ConfigError(f"{where or KINDS[package].name}: expected a name or {{name: parameters}}, given {node!r}.")
    return _construct(get(package, str(name)), str(name), arguments)


def _construct(strategy: type, name: str, arguments: Any) -> Any:
    fields = {field.name: field for field in dataclasses.fields(strategy)}
    parameters = _parameters(name, fields, arguments)
    for key in parameters:
        if key not in fields:
            raise ConfigError(f"{name}: unknown parameter '{key}'. {did_you_mean(str(key), tuple(fields))}")
    missing = [key for key, field in fields.items() if field.default is dataclasses.MISSING and key not in parameters]
    if missing:
        raise ConfigError(f"{name}: the parameter '{missing[0]}' is missing; it has no default.")
    nested = {key for key, field in fields.items() if "package" in field.metadata}
    return strategy(**{key: value if key in nested else _tuples(value) for key, value in parameters.items()})


def _parameters(name: str, fields: Mapping[str, Any], arguments: Any) -> dict[str, Any]:
    """Field -> value from the parameters of a name: a mapping, a list in the order of the fields, or one value."""
    if arguments is None:
        return {}
    only = next(iter(fields.values())) if len(fields) == 1 else None
    if only is not None and (only.metadata.get("bare") or only.metadata.get("several")):
        named = isinstance(arguments, Mapping) and set(arguments) == {only.name}
        return dict(arguments) if named else {only.name: arguments}
    if isinstance(arguments, Mapping):
        return dict(arguments)
    values = list(arguments) if isinstance(arguments, list | tuple) else [arguments]
    if len(values) > len(fields):
        raise ConfigError(f"{name}: given {len(values)} values, expected at most {len(fields)} ({', '.join(fields)}).")
    return dict(zip(fields, values, strict=False))


def to_node(value: Any) -> Any:
    """The YAML node of a strategy; `from_node` gives back an equal value.

    >>> from maskwright.patterns.span import Span
    >>> to_node(Span(length=3))["span"]["length"]
    3.0
    """
    module = type(value).__module__
    own = module.startswith("maskwright.")
    name = module.rpartition(".")[2].replace("_", "-") if own else f"{module}:{type(value).__qualname__}"
    nodes = {field.name: _node(getattr(value, field.name), field.metadata) for field in dataclasses.fields(value)}
    if _is_bare(value):
        return {name: next(iter(nodes.values()))}
    return {name: nodes} if nodes else name


def short(value: Any) -> str:
    """A strategy in a few words for tables and axes: its name, and the parameters that are not at their defaults.

    >>> from maskwright.patterns.tied import Tied
    >>> short(Tied("iid", axis="frame")), short(Tied("iid", axis=("row", "col")))
    ('tied(iid, axis=frame)', 'tied(iid, axis=row+col)')
    """
    node = to_node(value)
    if isinstance(node, str):
        return node
    name, parameters = next(iter(node.items()))
    if _is_bare(value):
        return f"{name}({parameters})"
    words = []
    for field in dataclasses.fields(value):
        content = getattr(value, field.name)
        if content == field.default:
            continue
        several = content if isinstance(content, tuple) else (content,)
        if "package" in field.metadata:
            words += [short(one) for one in several if one is not None]
        else:
            words.append(f"{field.name}={'+'.join(map(str, several))}")
    return f"{name}({', '.join(words)})" if words else name


def _is_bare(value: Any) -> bool:
    fields = dataclasses.fields(value)
    return len(fields) == 1 and bool(fields[0].metadata.get("bare"))


def _node(value: Any, rules: Mapping[str, Any]) -> Any:
    if value is None or "package" not in rules:
        return _lists(value)
    if rules.get("weighted"):
        return [[to_node(one), weight] for one, weight in value]
    return [to_node(one) for one in value] if rules.get("several") else to_node(value)


def _tuples(value: Any) -> Any:
    return tuple(_tuples(part) for part in value) if isinstance(value, list | tuple) else value


def _lists(value: Any) -> Any:
    return [_lists(part) for part in value] if isinstance(value, tuple) else value

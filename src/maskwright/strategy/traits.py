"""Traits: what a strategy declares about itself, collected and checked in one place.

The package of each kind has a dataclass of traits, whose fields say what may be declared and what is true of a
strategy that says nothing. A strategy declares a trait by a class attribute, a property or a method of that name. A
strategy that is made of others lists them as `inner`; where it declares nothing, what its parts declare holds for it.
"""

from __future__ import annotations

import dataclasses
import difflib
import weakref
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from maskwright.errors import ConfigError

Traits = TypeVar("Traits")

_NAMES = {bool: "True or False", str: "a sentence", int: "a whole number", float: "a number", tuple: "a tuple"}


def trait(
    default: Any, of: type | None = None, *, parts: Callable[[list[Any]], Any] | None = None, formerly: str = ""
) -> Any:
    """A field of a dataclass of traits.

    Args:
        default: of a strategy that declares nothing.
        of: type of what is declared; None for a method.
        parts: what holds for a strategy made of others, from what these have; None: the default.
        formerly: the name of the trait in earlier versions, which is refused.
    """
    return dataclasses.field(default=default, metadata={"of": of, "parts": parts, "formerly": formerly})


def collect(family: type[Traits], strategy: Any) -> Traits:
    """The traits of a strategy.

    Args:
        family: the dataclass of its kind.
        strategy: a value; those that are equal have equal traits.

    Raises:
        ConfigError: a trait of another type, or an attribute whose name is nearly that of a trait.
    """
    seen = _SEEN.get(id(strategy))
    if seen is not None and seen.strategy() is strategy and seen.family is family:
        return seen.traits
    if type(strategy).__hash__ in (None, object.__hash__):  # not a value: what it declares may change
        return _collected(family, strategy)
    try:
        traits = _remembered(family, strategy)
    except TypeError:  # a field that cannot be hashed, a list say
        return _collected(family, strategy)
    if strategy is not None:
        number = id(strategy)
        _SEEN[number] = _Seen(weakref.ref(strategy, lambda _: _SEEN.pop(number, None)), family, traits)
    return traits


class _Seen(NamedTuple):
    """Traits of one value that is still alive: hashing it takes longer than all else that is done with them."""

    strategy: Callable[[], Any]
    family: type
    traits: Any


_SEEN: dict[int, _Seen] = {}


def _collected(family: type[Traits], strategy: Any) -> Traits:
    fields: dict[str, Any] = {field.name: field for field in dataclasses.fields(family)}  # type: ignore[arg-type]
    attributes = set(dir(strategy))
    own = {name: _checked(strategy, name, field) for name, field in fields.items() if name in attributes}
    _refuse_near_misses(strategy, fields)
    parts = [collect(family, part) for part in own.get("inner", ())]
    passed_on = {
        name: field.metadata["parts"]([getattr(part, name) for part in parts])
        for name, field in fields.items()
        if parts and name not in own and field.metadata["parts"] is not None
    }
    return family(**passed_on, **own)


_remembered = lru_cache(maxsize=1024)(_collected)


def _checked(strategy: Any, name: str, field: dataclasses.Field) -> Any:
    value, of = getattr(strategy, name), field.metadata["of"]
    if value is None and field.default is None:
        return None
    if of is tuple and isinstance(value, list):
        value = tuple(value)
    if not _is(value, of):
        expected = "a method" if of is None else _NAMES[of]
        raise ConfigError(f"{type(strategy).__name__}.{name}: expected {expected}, given {value!r}.")
    return value


def _is(value: Any, of: type | None) -> bool:
    if of is None:
        return callable(value)
    return isinstance(value, int | float if of is float else of) and (of is bool or not isinstance(value, bool))


def _refuse_near_misses(strategy: Any, fields: dict[str, Any]) -> None:
    """Refuse an attribute that looks like a trait misspelt: it would be ignored without a word."""
    parameters = {field.name for field in dataclasses.fields(strategy)} if dataclasses.is_dataclass(strategy) else set()
    earlier = {field.metadata["formerly"]: name for name, field in fields.items() if field.metadata["formerly"]}
    for base in type(strategy).__mro__[:-1]:
        for name, value in vars(base).items():
            if name.startswith("_") or name in fields or name in parameters:
                continue
            if name in earlier:
                raise ConfigError(f"{type(strategy).__name__}.{name}: this trait is called '{earlier[name]}' now.")
            near = difflib.get_close_matches(name, fields, 1, 0.8)
            if near and (isinstance(value, property) or _is(value, fields[near[0]].metadata["of"])):
                raise ConfigError(
                    f"{type(strategy).__name__}.{name}: there is no such trait. Did you mean '{near[0]}'? If it is "
                    "something else, give it another name."
                )


def first(values: Sequence[Any]) -> Any:
    """The first that says anything: one biased part makes a mix biased."""
    return next((value for value in values if value), values[0])


def union(values: Iterable[tuple[Any, ...]]) -> tuple[Any, ...]:
    """All of them, each once, in order."""
    return tuple(dict.fromkeys(one for value in values for one in value))


def only(values: Sequence[Any]) -> Any:
    """That of the single part; None where there are several."""
    return values[0] if len(values) == 1 else None

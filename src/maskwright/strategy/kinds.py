"""The kinds of strategy, their names, and which kind a value is of."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
import sys
from dataclasses import dataclass
from functools import cache
from typing import Any

from maskwright.errors import ConfigError, did_you_mean


@dataclass(frozen=True)
class Kind:
    """One kind of strategy; its key in `KINDS` is the package in which its files are.

    Attributes:
        name: in messages.
        meaning: what one says, with an example.
        parameters: of the method, by which code from elsewhere is recognised.
        method: by which it is used.
        number: name of the strategy that a plain number means in YAML; empty for none.
    """

    name: str
    meaning: str
    parameters: frozenset[str]
    method: str = "__call__"
    number: str = ""


KINDS = {
    "maskwright.patterns": Kind(
        "pattern", "a pattern says where to hide, such as Iid()", frozenset({"grid", "count", "valid"})
    ),
    "maskwright.budgets": Kind(
        "budget",
        "a budget says how many to hide, such as Ratio(0.3)",
        frozenset({"n_valid", "progress"}),
        number="ratio",
    ),
    "maskwright.fills": Kind(
        "fill",
        "a fill says what to put there, such as MaskToken()",
        frozenset({"x", "mask", "valid"}),
        number="constant",
    ),
    "maskwright.text.attention": Kind(
        "rule",
        "a rule says which positions are hidden from which, such as Causal()",
        frozenset({"q", "k", "facts"}),
        method="hides",
    ),
    "maskwright.objectives": Kind(
        "objective",
        "an objective says what is learned, such as Supervised()",
        frozenset({"task", "model", "views"}),
        method="loss",
    ),
}


def refuse_other_kinds(package: str, value: Any, where: str) -> None:
    """Refuse a strategy of another kind where one of this package is expected.

    Ours are distinguished by their package. Code from elsewhere is refused only where its method takes what that of
    another kind does, and not what that of this one does.

    Args:
        package: of the kind that is expected.
        value: a strategy.
        where: the field it was given to, for the message.

    Raises:
        ConfigError: naming the value, its kind and what is expected.
    """
    expected = KINDS[package]
    home = type(value).__module__
    own = home.rpartition(".")[0]
    if own == package:
        return
    name = value.__name__ if inspect.isroutine(value) else type(value).__name__
    if own in KINDS:
        namesake = f"; the {expected.name} of that name is {package}.{name}"
        hint = namesake if name in map(class_name, names(package)) else ""
        raise ConfigError(f"{where}: {name} is {_a(KINDS[own])}; {expected.meaning}{hint}.")
    kinds = [kind for kind in KINDS.values() if kind.parameters <= _parameters(value, kind.method)]
    if expected in kinds:
        return
    if kinds:
        raise ConfigError(f"{where}: {name} is used like {_a(kinds[0])}; {expected.meaning}.")
    if home.startswith("maskwright."):
        raise ConfigError(f"{where}: {name} is not {_a(expected)}; {expected.meaning}.")


def _a(kind: Kind) -> str:
    return f"{'an' if kind.name[0] in 'aeiou' else 'a'} {kind.name}"


def _parameters(value: Any, method: str) -> set[str]:
    try:
        # Of a function `__call__` itself says nothing.
        return set(inspect.signature(value if method == "__call__" else getattr(value, method)).parameters)
    except (AttributeError, TypeError, ValueError):  # no such method, or compiled code that does not say
        return set()


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
    kind = KINDS[package].name
    if ":" in name:
        return _imported(package, name)
    if name not in names(package):
        others = [other for other in KINDS if other != package and name in names(other)]
        hint = f"{name} is {_a(KINDS[others[0]])}. " if others else ""
        raise ConfigError(f"there is no {kind} '{name}'. {hint}{did_you_mean(name, names(package))}")
    module = importlib.import_module(f"{package}.{name.replace('-', '_')}")
    return getattr(module, class_name(name))


def examples(package: str, name: str) -> list[Any]:
    """The YAML nodes with which documents show a strategy: from its class attribute `examples`, or its name alone.

    >>> examples("maskwright.patterns", "rectangles")
    [{'rectangles': {'n': 2}}]
    """
    declared = vars(get(package, name)).get("examples", ())
    return [{name: parameters} for parameters in declared] or [name]


def member(package: str, attribute: str) -> Any:
    """The class of a strategy as an attribute of its package: `maskwright.patterns.Mix`.

    Raises:
        AttributeError: the package has no such strategy.
    """
    classes = {class_name(name): name for name in names(package)}
    if attribute not in classes:
        raise AttributeError(f"module '{package}' has no attribute '{attribute}'")
    return get(package, classes[attribute])


def _imported(package: str, name: str) -> type:
    """A strategy from outside this package: a dataclass with the method of its kind."""
    kind, method = KINDS[package].name, KINDS[package].method
    module, _, attribute = name.partition(":")
    try:
        target = getattr(importlib.import_module(module), attribute)
    except (ImportError, ValueError) as error:
        hint = "It is looked for in the current folder and on PYTHONPATH."
        raise ConfigError(f"{kind} '{name}': cannot be imported: {error}. {hint}") from None
    except AttributeError:
        classes = [n for n, v in vars(sys.modules[module]).items() if isinstance(v, type) and v.__module__ == module]
        hint = did_you_mean(attribute, classes)
        raise ConfigError(f"{kind} '{name}': the module {module} has no '{attribute}'. {hint}") from None
    # Every class can be called; what counts is whether its values can.
    own: type = target if isinstance(target, type) else object
    if not (dataclasses.is_dataclass(own) and any(method in base.__dict__ for base in own.__mro__)):
        raise ConfigError(f"{kind} '{name}': expected a dataclass with a {method} method; see `maskwright.strategy`.")
    return own


def class_name(name: str) -> str:
    """`mask-token` -> `MaskToken`."""
    return "".join(part.capitalize() for part in name.replace("_", "-").split("-"))

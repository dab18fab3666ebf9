"""Strategies as values: what budgets, patterns and fills have in common.

A strategy is a frozen dataclass in a file of its own. Its file name is its name in YAML and on the command line
(`mask_token.py`, `mask-token`, `MaskToken`; one of yours is `your_module:YourClass`); its fields are its parameters;
the metadata of a field says its range, which is checked at construction and is the search space of tuning. What others
have to know of it, it declares as traits.
"""

from __future__ import annotations

from maskwright.strategy.fields import REQUIRED, axis_name, check, choice, flag, number, part, parts, weighted
from maskwright.strategy.kinds import class_name, examples, get, member, names
from maskwright.strategy.nodes import from_node, read, short, to_node
from maskwright.strategy.traits import collect, trait

__all__ = [
    "REQUIRED",
    "axis_name",
    "check",
    "choice",
    "class_name",
    "collect",
    "examples",
    "flag",
    "from_node",
    "get",
    "member",
    "names",
    "number",
    "part",
    "parts",
    "read",
    "short",
    "to_node",
    "trait",
    "weighted",
]

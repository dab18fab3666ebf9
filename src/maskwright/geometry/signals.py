"""Numbers per cell that guide a pattern: what they have to be, and the value of cells that may not be hidden."""

from __future__ import annotations

from typing import Any

from maskwright.backend.arrays import Array, namespace, to_dtype
from maskwright.errors import MaskingError


def check_signal(name: str, numbers: Array, valid: Array) -> None:
    """Refuse numbers per cell that a pattern cannot be guided by.

    Raises:
        MaskingError: another shape than that of `valid`, or no real numbers.
    """
    if tuple(numbers.shape) != tuple(valid.shape):
        raise MaskingError(f"{name}: expected the shape {tuple(valid.shape)}, given {tuple(numbers.shape)}.")
    if not namespace(numbers).isdtype(numbers.dtype, ("bool", "integral", "real floating")):
        raise MaskingError(f"{name}: expected real numbers, given {numbers.dtype}.")


def only_valid(name: str, numbers: Array, valid: Array) -> tuple[Array, Any]:
    """Numbers per cell with the lowest one of their type where no cell is valid, and that lowest one."""
    check_signal(name, numbers, valid)
    xp = namespace(numbers)
    if xp.isdtype(numbers.dtype, "bool"):
        numbers = to_dtype(numbers, "uint8")
    lowest = float("-inf") if xp.isdtype(numbers.dtype, "real floating") else xp.iinfo(numbers.dtype).min
    return xp.where(valid, numbers, lowest), lowest

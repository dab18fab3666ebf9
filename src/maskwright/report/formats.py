"""How numbers are written on the page, besides those of a metric (`maskwright.evaluate.words`)."""

from __future__ import annotations

from maskwright.evaluate.words import Scale

PLAIN = Scale(percent=False)
"""Numbers with three digits that count."""


def amount(value: float | None, kind: str) -> str:
    """Seconds or a count.

    >>> amount(12.34, "seconds"), amount(None, "count")
    ('12.3', '–')
    """
    return number(value, 1) if kind == "seconds" else grouped(value)


def first_upper(text: str) -> str:
    """The same with a capital at the beginning, the rest as it is.

    >>> first_upper("mAP"), first_upper("accuracy")
    ('mAP', 'Accuracy')
    """
    return text if text[1:2].isupper() else text[:1].upper() + text[1:]


def number(value: float | None, digits: int) -> str:
    """A number with so many decimals.

    >>> number(1234.5, 1), number(-0.5, 2)
    ('1,234.5', '−0.50')
    """
    return "–" if value is None else f"{value:,.{digits}f}".replace("-", "−")


def grouped(value: float | None) -> str:
    """A whole number in groups of three digits.

    >>> grouped(22565376)
    '22,565,376'
    """
    return number(value, 0)


def plain(value: float | None) -> str:
    """A number of no known unit.

    >>> plain(0.12345), plain(-1234.5)
    ('0.123', '−1,234')
    """
    return PLAIN.value(value)


def p_value(value: float | None) -> str:
    """A p-value, never shown as zero.

    >>> p_value(0.04234), p_value(1e-9), p_value(None)
    ('0.042', '< 0.001', '–')
    """
    if value is None:
        return "–"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def counted(n: int, noun: str) -> str:
    """A count with its noun.

    >>> counted(1, "training seed"), counted(3, "training seed")
    ('1 training seed', '3 training seeds')
    """
    return f"{grouped(n)} {noun}{'' if n == 1 else 's'}"


def units(unit: str | dict[str, str]) -> str:
    """How inputs are hidden, unit by unit.

    >>> units("word"), units({"image": "patch", "text": "word"})
    ('word by word', 'patch by patch and word by word')
    """
    names = [unit] if isinstance(unit, str) else dict.fromkeys(unit.values())
    return " and ".join(f"{name} by {name}" for name in names)

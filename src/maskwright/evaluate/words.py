"""The rule by which a difference counts, and how values of a metric are written in words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from maskwright.tasks.metrics.metric import NEGLIGIBLE, SHARE

BETTER, WORSE, NO_EFFECT, UNDECIDED = "better", "worse", "no effect", "undecided"


@dataclass(frozen=True)
class Scale:
    """A kind of number.

    Attributes:
        percent: shares, written in per cent and their differences in points; otherwise plain numbers.
        higher_is_better: whether more is better.
        negligible: a difference of this size makes none: an interval inside ± this means no effect, not that
            nothing is known.
    """

    percent: bool = True
    higher_is_better: bool = True
    negligible: float = NEGLIGIBLE

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Scale:
        """The scale of an evaluation document's headline metric, or of another metric's entry in it."""
        metric = document.get("metric", document)
        # None where what an answer that ignores the input scores is not known, of which it would be a share.
        return cls(metric["unit"] == SHARE, metric["higher_is_better"], metric["negligible"] or 0.0)

    def judge(self, difference: Mapping[str, Any]) -> str:
        """Apply the verdict's rule to one paired difference (model − twin) with its interval.

        >>> shares, losses = Scale(), Scale(percent=False, higher_is_better=False)
        >>> difference = {"value": 0.1, "low": 0.02, "high": 0.18}
        >>> shares.judge(difference), losses.judge(difference)
        ('better', 'worse')
        >>> shares.judge({"value": 0.1, "low": -0.02, "high": 0.22})
        'undecided'
        >>> shares.judge({"value": 0.0, "low": -0.01, "high": 0.01})
        'no effect'
        """
        low, high = difference["low"], difference["high"]
        if low is None or high is None:
            return UNDECIDED
        if low > 0:
            return BETTER if self.higher_is_better else WORSE
        if high < 0:
            return WORSE if self.higher_is_better else BETTER
        return NO_EFFECT if low >= -self.negligible and high <= self.negligible else UNDECIDED

    def value(self, value: float | None) -> str:
        """A value.

        >>> Scale().value(0.734), Scale(percent=False).value(0.734), Scale().value(None), Scale().value(0.9997)
        ('73.4%', '0.734', '–', '99.97%')
        """
        if value is None:
            return "–"
        return (_percent(value) if self.percent else _plain(value)).replace("-", "−")

    def change(self, value: float | None) -> str:
        """A difference with its sign, of shares in percentage points.

        >>> Scale().change(0.123), Scale().change(-0.04), Scale().change(0.0), Scale(percent=False).change(-0.04)
        ('+12.3', '−4.0', '±0.0', '−0.0400')
        """
        if value is None:
            return "–"
        shown = f"{abs(value) * 100:.1f}" if self.percent else _plain(abs(value))
        return f"±{shown}" if float(shown.replace(",", "")) == 0 else f"{'+' if value > 0 else '−'}{shown}"

    @property
    def points(self) -> str:
        """What differences are counted in, to be put behind `change`.

        >>> Scale().points, Scale(percent=False).points
        (' points', '')
        """
        return " points" if self.percent else ""

    def bounds(self, one: Mapping[str, Any], signed: bool = False) -> str:
        """The interval of an estimate, or of a difference, without units.

        >>> Scale().bounds({"low": 0.4, "high": 0.6}), Scale().bounds({"low": -0.1, "high": 0.3}, signed=True)
        ('40.0 – 60.0', '−10.0 to +30.0')
        >>> Scale().bounds({"low": -0.4, "high": -0.1})
        '−40.0 to −10.0'
        """
        if one["low"] is None or one["high"] is None:
            return "no interval"
        if signed:
            return f"{self.change(one['low'])} to {self.change(one['high'])}"
        low, high = (self.value(one[end]).removesuffix("%") for end in ("low", "high"))
        # A dash beside a minus sign reads as another.
        return f"{low} {'to' if one['low'] < 0 else '–'} {high}"

    def confident(self, one: Mapping[str, Any], confidence: float, *, signed: bool = False) -> str:
        """The interval of an estimate in words.

        >>> Scale().confident({"low": -0.1, "high": 0.3}, 0.95, signed=True)
        '95% interval −10.0 to +30.0'
        """
        if one["low"] is None:
            return "no interval can be given"
        write = self.change if signed else self.value
        return f"{confidence * 100:g}% interval {write(one['low'])} to {write(one['high'])}"

    def detectable(self, difference: Mapping[str, Any]) -> str:
        """The smallest difference that would have been shown, in words; empty where it is not known.

        >>> Scale().detectable({"detectable": 0.0713})
        'a difference of about 7.1 points could have been shown'
        """
        if difference.get("detectable") is None:
            return ""
        size = self.change(difference["detectable"]).lstrip("+±")
        return f"a difference of about {size}{self.points} could have been shown"


@dataclass(frozen=True)
class Borne(Scale):
    """Hidden shares that a model bears, of which nothing is known beyond the largest that was tried.

    Attributes:
        most: the largest.

    >>> Borne(most=0.9).value(0.9), Borne(most=0.9).value(0.7)
    ('≥ 90.0%', '70.0%')
    """

    most: float = 1.0

    def value(self, value: float | None) -> str:
        """A share, "at least" where it is the largest that was tried."""
        return ("≥ " if self._is_most(value) else "") + super().value(value)

    def bounds(self, one: Mapping[str, Any], signed: bool = False) -> str:
        """The interval, in words where all of it is the largest share that was tried."""
        if not signed and self._is_most(one["low"]) and self._is_most(one["high"]):
            return "no more was tried"
        return super().bounds(one, signed).replace("≥ ", "")

    def known(self, compared: Mapping[str, Any]) -> Mapping[str, Any]:
        """A comparison without its difference where both bear the largest share: either might bear more."""
        twin = compared["twin"]
        if twin is None or not all(self._is_most(one["value"]) for one in (compared["model"], twin)):
            return compared
        return {**compared, "difference": {**compared["difference"], "value": None, "low": None, "high": None}}

    def _is_most(self, value: float | None) -> bool:
        return value is not None and math.isclose(value, self.most)


SHARES = Scale()
"""Shares of which more is better: right answers, the hidden share a model bears."""


def _plain(value: float) -> str:
    """Three digits that count.

    >>> _plain(0.5), _plain(23.41), _plain(1234.5), _plain(0.0), _plain(0.0000123)
    ('0.500', '23.4', '1,234', '0.000', '1.2e-05')
    """
    if value == 0:
        return "0.000"
    if abs(value) < 1e-3:
        return f"{value:.1e}"
    digits = 2 - math.floor(math.log10(abs(value)))
    return f"{value:,.{max(digits, 0)}f}"


def _percent(value: float) -> str:
    """One digit, or as many as it takes not to write all or none of what is not.

    >>> _percent(1.0), _percent(0.99951), _percent(0.0004), _percent(0.5)
    ('100.0%', '99.95%', '0.04%', '50.0%')
    """
    digits = 1
    while digits < 6 and 0 < value < 1 and float(f"{value * 100:.{digits}f}") in (0.0, 100.0):
        digits += 1
    return f"{value:.{digits}%}"

"""Run the checks on a subject and put down what they found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from maskwright.errors import ConfigError, did_you_mean
from maskwright.testing import COLLATOR_CHECKS, HIDING_CHECKS, Subject, SubjectError
from maskwright.testing.finding import FAIL, NOT_APPLICABLE, PASS, Check, Finding
from maskwright.testing.hiding import profile
from maskwright.testing.speed import throughput

FORMAT = 1
VERDICTS = (PASS, FAIL, NOT_APPLICABLE)
SIMULATED = (
    "Every process of a run makes its own collator after the global generators of Python, NumPy and torch were set to "
    "one seed. A rank is such a process that takes every second example; a resumed run is one that skips what was "
    "done. Workers are those of torch's DataLoader."
)


def audit(
    subject: Subject,
    *,
    target: str,
    command: str | None = None,
    only: Sequence[str] = (),
    on_progress: Callable[[str, int, int], None] | None = None,
) -> dict[str, Any]:
    """What is really hidden, as one document of plain values.

    Args:
        subject: from `masking_subject`, `foreign_subject` or `maskwright.testing`.
        target: what it is, in the user's words.
        command: that repeats the audit; a check is repeated with `--only NAME`.
        only: names of the checks to run; all if empty.
        on_progress: called with (what comes next, checks done, checks in all).

    Returns:
        `format`, `target`, `examples`, `asked_ratio`, `checks` (each `name`, `group`, `asked`, `found`, `verdict`,
        `numbers`, `reproduce`), `positions` (`rate` and `standard_error` by place), `throughput`, `verdicts`,
        `simulated`.

    Raises:
        ConfigError: a check that does not exist.
        SubjectError: the subject cannot mask its examples at all.
    """
    for name in only:
        names = [check.name for check in COLLATOR_CHECKS]
        if name not in names:
            raise ConfigError(f"there is no check '{name}'. {did_you_mean(name, names)}")
    checks = [check for check in COLLATOR_CHECKS if not only or check.name in only]
    tell = on_progress or (lambda name, done, of: None)
    tell("masking the examples", 0, len(checks) + 1)
    rate, error = profile(subject)  # raises what would otherwise fail every check
    findings = []
    for number, check in enumerate(checks):
        tell(check.asks, number, len(checks) + 1)
        findings.append(check.measure(subject))
    tell("timing", len(checks), len(checks) + 1)
    return {
        "format": FORMAT,
        "target": target,
        "examples": len(subject.examples),
        "asked_ratio": subject.ratio,
        "checks": [_plain(check, finding, command) for check, finding in zip(checks, findings, strict=True)],
        "positions": {"rate": rate.tolist(), "standard_error": error.tolist()},
        "throughput": _timed(subject),
        "verdicts": {verdict: sum(finding.verdict == verdict for finding in findings) for verdict in VERDICTS},
        "simulated": SIMULATED,
    }


def _plain(check: Check, finding: Finding, command: str | None) -> dict[str, Any]:
    return {
        "name": finding.check,
        "group": "hiding" if check in HIDING_CHECKS else "repeating",
        "asked": finding.asked,
        "found": finding.answer,
        "verdict": finding.verdict,
        "numbers": dict(finding.numbers),
        "reproduce": f"{command} --only {finding.check}" if command else "",
    }


def _timed(subject: Subject) -> dict[str, float]:
    try:
        return throughput(subject)
    except Exception as error:
        raise SubjectError.raised("calling it again", error) from error

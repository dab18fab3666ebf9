"""The table of findings, the worst first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from maskwright.report.findings.effects import effects, fills, worst_groups, worst_slices
from maskwright.report.findings.evidence import data_notes, detectable, seeds, small_groups, split, twin, work
from maskwright.report.findings.finding import SEVERITIES, Finding
from maskwright.report.findings.models import confidence, gap, improving, learned, one_class

CHECKS = (
    learned,
    split,
    twin,
    effects,
    fills,
    one_class,
    worst_groups,
    worst_slices,
    improving,
    confidence,
    gap,
    seeds,
    detectable,
    work,
    small_groups,
    data_notes,
)
"""In this order within a severity."""


def findings(document: Mapping[str, Any]) -> list[Finding]:
    """Everything that was checked, by severity; what passed too."""
    found = [finding for check in CHECKS for finding in check(document)]
    return sorted(found, key=lambda finding: SEVERITIES.index(finding.severity))


def by_severity(document: Mapping[str, Any]) -> list[tuple[str, list[Finding]]]:
    """The findings of each severity that has any."""
    every = findings(document)
    groups = [(severity, [one for one in every if one.severity == severity]) for severity in SEVERITIES]
    return [(severity, some) for severity, some in groups if some]

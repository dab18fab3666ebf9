"""Presets for tables and time series."""

from __future__ import annotations

from maskwright.presets.preset import Preset

PRESETS: tuple[Preset, ...] = ()

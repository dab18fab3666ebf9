"""Presets for spectrograms and waveforms."""

from __future__ import annotations

from maskwright.presets.preset import Preset

PRESETS: tuple[Preset, ...] = ()

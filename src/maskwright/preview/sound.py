"""Sounds, as log-mel spectrograms."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from maskwright.grid import Grid
from maskwright.preview.sample import Sample, repeated, unreadable

MELS, WINDOW, HOP = 80, 0.025, 0.010
"""Mel bands; seconds of a window and from one frame to the next."""
LONGEST = 30
"""Seconds that are shown."""


def read(path: Path, wanted: Mapping[str, int], examples: int) -> Sample:
    """A sound as cells of a log-mel spectrogram, in decibels around its mean.

    Args:
        path: of anything libsndfile reads; channels are averaged; the first 30 seconds are shown.
        wanted: `freq` gives the number of mel bands (80 if it is not there); without it, a cell is a frame.
        examples: how many draws.

    Raises:
        DataError: a file that is no sound, or shorter than one window.
    """
    import soundfile
    from transformers.audio_utils import mel_filter_bank, spectrogram, window_function

    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, RuntimeError) as error:
        problem = f"cannot be read as a sound: {str(error).rstrip('.')}"
        raise unreadable(path, problem, "Give a WAV or FLAC file, say.") from None
    seconds = len(samples) / rate
    notes = (f"the first {LONGEST} of {seconds:.1f} seconds are shown",) if seconds > LONGEST else ()
    samples = samples[: LONGEST * rate].mean(axis=1)
    window, hop = int(WINDOW * rate), int(HOP * rate)
    if len(samples) < window:
        raise unreadable(path, f"{len(samples) / rate:.3f} seconds of sound", f"Expected {WINDOW} seconds or more.")
    bands = wanted.get("freq", MELS)
    points = 2 ** (window - 1).bit_length()
    bank = mel_filter_bank(points // 2 + 1, bands, 0.0, rate / 2, rate, norm="slaney", mel_scale="slaney")
    power = spectrogram(
        samples,
        window_function(window, "hann"),
        window,
        hop,
        fft_length=points,
        mel_filters=bank,
        log_mel="dB",
        power=2.0,
    )
    power = power - power.mean()  # as a model is given it: a fill of zero is the average, not the loudest
    if tuple(wanted) == ("time",):
        cells, grid = power.T, Grid(time=power.shape[1])
    elif next(iter(wanted), "freq") != "freq":
        cells, grid = power.T[:, :, None], Grid(time=power.shape[1], freq=bands)
    else:
        cells, grid = power[:, :, None], Grid(freq=bands, time=power.shape[1])
    x, ids = repeated(cells.astype(np.float32), examples)
    return Sample("sound", x, grid, x[:1], ids=ids, notes=notes)

"""Presets for spectrograms and waveforms."""

from __future__ import annotations

from typing import Any

from maskwright.presets.preset import Preset

_SPECAUGMENT = "Park et al. 2019, SpecAugment, arXiv:1904.08779"
_WARP = (
    "The published law: masks lie within the ends, which are hidden less often (edges: wrap has none of that). "
    "Zero is the mean only if the features are normalised to it. "
)


def _law(name: str, setting: str, warp: int, **fields: Any) -> Preset:
    note = _WARP + f"The paper warps time by up to {warp} frames before: maskwright.audio.time_warp.time_warp."
    node = {"pattern": {"specaugment": fields}, "fill": "zero"}
    return Preset(name, node, _SPECAUGMENT, setting, {"time": 1000, "freq": 80}, "supervised", note)


PRESETS: tuple[Preset, ...] = (
    _law(
        "specaugment-lb",
        "LibriSpeech basic: W=80, F=27, mF=1, T=100, p=1.0, mT=1",
        80,
        time_masks=1,
        time_width=100,
        time_share=1.0,
        freq_masks=1,
        freq_width=27,
    ),
    _law(
        "specaugment-ld",
        "LibriSpeech double: W=80, F=27, mF=2, T=100, p=1.0, mT=2",
        80,
        time_masks=2,
        time_width=100,
        time_share=1.0,
        freq_masks=2,
        freq_width=27,
    ),
    _law(
        "specaugment-sm",
        "Switchboard mild: W=40, F=15, mF=2, T=70, p=0.2, mT=2",
        40,
        time_masks=2,
        time_width=70,
        time_share=0.2,
        freq_masks=2,
        freq_width=15,
    ),
    _law(
        "specaugment-ss",
        "Switchboard strong: W=40, F=27, mF=2, T=70, p=0.2, mT=2",
        40,
        time_masks=2,
        time_width=70,
        time_share=0.2,
        freq_masks=2,
        freq_width=27,
    ),
    Preset(
        "specaugment-adaptive",
        {
            "pattern": {
                "specaugment": {
                    "time_masks": 20,
                    "time_width": 1_000_000,
                    "time_share": 0.04,
                    "masks_per_frame": 0.04,
                    "freq_masks": 2,
                    "freq_width": 27,
                }
            },
            "fill": "zero",
        },
        "Park et al. 2020, SpecAugment on large scale datasets, arXiv:1912.05533",
        "multiplicity p_M=0.04 (at most 20 masks) and size p_S=0.04 of the length",
        {"time": 1000, "freq": 80},
        "supervised",
        _WARP + "Number and size of the frequency masks are those of specaugment-ld.",
    ),
    Preset(
        "specaugment-lhotse",
        {
            "pattern": {
                "specaugment": {
                    "time_masks": 10,
                    "time_width": 100,
                    "total_share": 0.15,
                    "freq_masks": 2,
                    "freq_width": 27,
                }
            },
            "fill": "mean",
            "clean_share": 0.1,
        },
        "lhotse, SpecAugment's defaults, https://github.com/lhotse-speech/lhotse",
        "in 90% of the examples at most 10 time masks of 100 frames that hide at most 15% of all frames, and "
        "2 frequency masks of 27 bins",
        {"time": 1000, "freq": 80},
        "supervised",
        "There with a time warp of up to 80 frames before, and the mean is taken over hidden cells and padding too.",
    ),
    Preset(
        "specaugment-conformer",
        {
            "pattern": {
                "specaugment": {
                    "time_masks": 10,
                    "time_width": 1_000_000,
                    "time_share": 0.05,
                    "freq_masks": 2,
                    "freq_width": 27,
                }
            },
            "fill": "zero",
        },
        "Gulati et al. 2020, Conformer, arXiv:2005.08100; NeMo's Conformer configurations",
        "F=27, ten time masks of at most 0.05 of the length; two frequency masks in NeMo's configurations",
        {"time": 1000, "freq": 80},
        "supervised",
        f"{_WARP}NeMo's code starts a mask at 0 ... size - widest, whatever its own width. No time warp.",
    ),
    Preset(
        "wav2vec2",
        {"pattern": {"wav2vec2": {"share": 0.65, "length": 10}}, "fill": "zero"},
        "Baevski et al. 2020, wav2vec 2.0, arXiv:2006.11477",
        "p=0.065 of all time-steps are starts, M=10; approximately 49% of all time steps to be masked",
        {"time": 500},
        "reconstruct",
        "The paper puts a learned vector into hidden frames of the encoder's features; here they are zero, and a model "
        "that has such a vector takes the mask itself. Spans lie within the ends, which are hidden less often "
        "(edges: wrap has none of that).",
    ),
    Preset(
        "hubert",
        {"pattern": {"wav2vec2": {"share": 0.8, "length": 10}}, "fill": "zero"},
        "Hsu et al. 2021, HuBERT, arXiv:2106.07447",
        "p=8% of the frames are starts, mask length l=10",
        {"time": 500},
        "reconstruct",
        "As wav2vec2, also in its learned vector for hidden frames.",
    ),
    Preset(
        "audiomae",
        {"pattern": "iid", "budget": {"ratio": 0.8}, "fill": {"drop": {"padded": True}}},
        "Huang et al. 2022, Audio-MAE, arXiv:2207.06405",
        "random patches, masking ratio 80%, the encoder sees visible patches only",
        {"patch": 512},
        "reconstruct",
        "Cells are patches of 16 frames x 16 bins of a spectrogram of 1024 x 128; 102.4 of 512 remain on average, "
        "where the released code keeps 102.",
    ),
)

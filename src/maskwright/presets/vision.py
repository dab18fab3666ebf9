"""Presets for images and video.

Cells are patches unless a preset says pixels. Where the model puts its own mask token in (`bool_masked_pos`), the fill
is `keep`: the input stays as it is and the mask goes along.
"""

from __future__ import annotations

from maskwright.presets.preset import Preset

_PATCHES = {"row": 14, "col": 14}
_CLIP = {"frame": 8, "row": 14, "col": 14}
_PIXELS, _PHOTO = {"row": 32, "col": 32}, {"row": 224, "col": 224}
_TOKEN = "The model puts its mask token in: give it the mask."
_MIDDLE = "Rectangles inside the grid hide the middle far more often than the corners, and the count is often missed."
_SHORT = {"targets": 8, "min_scale": 0.15, "max_scale": 0.15, "min_context": 1.0}

_REMOVED = (
    Preset(
        "mae",
        {"pattern": "iid", "budget": {"ratio": 0.75}, "fill": "drop"},
        "He et al. 2021, MAE, arXiv:2111.06377",
        "random sampling, masking ratio 75%, the encoder sees visible patches only",
        _PATCHES,
        "reconstruct",
        "The released code keeps int(n x (1 - ratio)) patches, which is one too few at ratios such as 0.9 of 10.",
    ),
    Preset(
        "patch-dropout",
        {"pattern": "iid", "budget": {"ratio": 0.5}, "fill": "drop"},
        "Liu et al. 2022, PatchDropout, arXiv:2208.07220",
        "random patches removed in training: half of the tokens, half of the computation or less",
        _PATCHES,
        "supervised",
    ),
    Preset(
        "flip",
        {"pattern": "iid", "budget": {"ratio": 0.5}, "fill": "drop"},
        "Li et al. 2022, FLIP, arXiv:2212.00794",
        "image patches removed at random at 50% (75% is the other setting)",
        _PATCHES,
        "supervised",
        "Contrastive training of images with texts; texts are left whole.",
    ),
    Preset(
        "colormae",
        {"pattern": "filtered", "budget": {"ratio": 0.75}, "fill": "drop"},
        "Hinojosa et al. 2024, ColorMAE, arXiv:2407.13036",
        "masks from green (band-pass filtered) noise, masking ratio 75%",
        _PATCHES,
        "reconstruct",
        "The width of the filter is ours.",
    ),
    Preset(
        "hpm",
        {"pattern": {"by-score": {"random_share": 0.5}}, "budget": {"ratio": 0.75}, "fill": "drop"},
        "Wang et al. 2023, HPM, arXiv:2304.05919",
        "the patches of highest predicted loss; their share of the hidden grows linearly to 0.5, the rest is random",
        _PATCHES,
        "reconstruct",
        "The end of its training; begin with random_share 1. `scores` are the predicted losses of the patches.",
    ),
    Preset(
        "videomae",
        {"pattern": {"tied": {"pattern": "iid", "axis": "frame"}}, "budget": {"ratio": 0.9}, "fill": "drop"},
        "Tong et al. 2022, VideoMAE, arXiv:2203.12602",
        "tube masking, masking ratio 90%",
        _CLIP,
        "reconstruct",
    ),
    Preset(
        "videomae-v2-decoder",
        {"pattern": "running-cell", "budget": {"ratio": 0.5}, "fill": "drop"},
        "Wang et al. 2023, VideoMAE V2, arXiv:2303.16727",
        "running cell masking of the decoder, ratio 50%",
        _CLIP,
        "reconstruct",
        "What is hidden is not reconstructed. The encoder's mask is the preset `videomae`.",
    ),
)

_TOKENS = (
    Preset(
        "simmim",
        {"pattern": {"coarse": {"pattern": "iid", "size": 8}}, "budget": {"ratio": 0.6}, "fill": "keep"},
        "Xie et al. 2021, SimMIM, arXiv:2111.09886",
        "random masking, masked patch size 32, mask ratio 0.6",
        {"row": 48, "col": 48},
        "reconstruct",
        f"{_TOKEN} For patches of 4 pixels (Swin) and 192 pixels a side; size 2 for patches of 16. Counts are rounded "
        "up there, at random here.",
    ),
    Preset(
        "beit",
        {"pattern": {"blockwise": {"min_area": 16}}, "budget": {"ratio": 0.4}, "fill": "keep"},
        "Bao et al. 2021, BEiT, arXiv:2106.08254",
        "approximately 40% image patches, blocks of 16 patches at least, aspect ratio 0.3 to 1/0.3",
        _PATCHES,
        "reconstruct",
        f"{_TOKEN} {_MIDDLE} The released scripts ask for 75 of 196 patches.",
    ),
    Preset(
        "ibot",
        {
            "pattern": {"blockwise": {"min_area": 16}},
            "budget": {"uniform": [0.1, 0.5]},
            "fill": "keep",
            "clean_share": 0.5,
        },
        "Zhou et al. 2021, iBOT, arXiv:2111.07832",
        "prediction ratio 0 with probability 0.5, and uniform from 0.1 to 0.5 with probability 0.5",
        _PATCHES,
        "consistency",
        f"{_TOKEN} {_MIDDLE}",
    ),
    Preset(
        "dinov2",
        {
            "pattern": {"blockwise": {"min_area": 4}},
            "budget": {"uniform": [0.1, 0.5]},
            "fill": "keep",
            "clean_share": 0.5,
        },
        "Oquab et al. 2023, DINOv2, arXiv:2304.07193",
        "blocks of BEiT in half of the crops, mask_ratio_min_max 0.1 to 0.5",
        _PATCHES,
        "consistency",
        f"{_TOKEN} {_MIDDLE} There the ratios of a batch are spread evenly, here each is drawn.",
    ),
    Preset(
        "dinov3",
        {
            "pattern": {"blockwise": {"min_area": 4, "complete": True}},
            "budget": {"uniform": [0.1, 0.5]},
            "fill": "keep",
            "clean_share": 0.5,
        },
        "Siméoni et al. 2025, DINOv3, arXiv:2508.10104",
        "as DINOv2, completed at random to the exact count",
        _PATCHES,
        "consistency",
        f"{_TOKEN} Hides the middle far more often than the corners; `shift: true`, off in the released "
        "configurations, takes that.",
    ),
    Preset(
        "attmask",
        {"pattern": "by-score", "budget": {"uniform": [0.1, 0.5]}, "fill": "keep", "clean_share": 0.5},
        "Kakogeorgiou et al. 2022, AttMask, arXiv:2203.12719",
        "the patches that the teacher attends to most; ratios as in iBOT, on which it builds",
        _PATCHES,
        "consistency",
        f"{_TOKEN} `scores` are the teacher's attention, from its first token to each patch.",
    ),
)

_FEATURES = (
    Preset(
        "i-jepa",
        {"pattern": "multiblock", "fill": "drop"},
        "Assran et al. 2023, I-JEPA, arXiv:2301.08243",
        "4 targets, scale (0.15, 0.2), aspect ratio (0.75, 1.5); context scale (0.85, 1.0), less the targets",
        _PATCHES,
        "reconstruct",
        "Without the released faults; `published: true` brings them back. `Multiblock.blocks` gives the targets.",
    ),
    Preset(
        "v-jepa-short",
        {"pattern": {"multiblock": _SHORT}, "fill": "drop"},
        "Bardes et al. 2024, V-JEPA, arXiv:2404.08471",
        "short-range masks: 8 blocks, spatial scale 0.15, all frames, aspect ratio (0.75, 1.5)",
        _CLIP,
        "reconstruct",
        "Blocks go around the borders; `published: true` keeps them inside, which favours the middle.",
    ),
    Preset(
        "v-jepa-long",
        {"pattern": {"multiblock": {**_SHORT, "targets": 2, "min_scale": 0.7, "max_scale": 0.7}}, "fill": "drop"},
        "Bardes et al. 2024, V-JEPA, arXiv:2404.08471",
        "long-range masks: 2 blocks, spatial scale 0.7, all frames, aspect ratio (0.75, 1.5)",
        _CLIP,
        "reconstruct",
        "As v-jepa-short.",
    ),
)

_AUGMENTATIONS = (
    Preset(
        "automask-image",
        {"pattern": {"mix": {"iid": 1, "block": 1, "grid": 1}}, "budget": {"uniform": [0.0, 0.8]}, "fill": "mean"},
        "ours",
        "random cells, blocks or a lattice, one of them for each example, at a ratio from U(0, 0.8)",
        _PATCHES,
        "supervised",
        "For training that is to stand several kinds of occlusion at any ratio.",
    ),
    Preset(
        "random-erasing",
        {
            "pattern": {
                "rectangles": {"min_area": 0.02, "max_area": 0.4, "aspect": 0.3, "law": "uniform", "edge": "inside"}
            },
            "fill": {"noise": {"law": "uniform"}},
            "clean_share": 0.5,
        },
        "Zhong et al. 2017, random erasing, arXiv:1708.04896",
        "p = 0.5, area 0.02 to 0.4 of the image, aspect ratio 0.3 to 1/0.3, random values",
        _PIXELS,
        "supervised",
        "Cells are pixels. Hides the middle more often than the edges, and tall rectangles more often than wide ones.",
    ),
    Preset(
        "cutout",
        {
            "pattern": {"rectangles": {"min_area": 0.25, "max_area": 0.25, "aspect": 1.0, "edge": "clip"}},
            "fill": "zero",
        },
        "DeVries and Taylor 2017, cutout, arXiv:1708.04552",
        "one square of 16 x 16 pixels on CIFAR-10 images of 32 x 32, centred anywhere",
        _PIXELS,
        "supervised",
        "Cells are pixels, normalised, so that zero is the mean. Squares are cut at the border: the middle is hidden "
        "more often than the edges.",
    ),
    Preset(
        "hide-and-seek",
        {"pattern": {"coarse": {"pattern": "iid", "size": 56}}, "budget": {"bernoulli": 0.5}, "fill": "mean"},
        "Singh and Lee 2017, hide-and-seek, arXiv:1704.04232",
        "the image divided into squares, each hidden with probability 0.5, filled with the mean pixel value",
        _PHOTO,
        "supervised",
        "Cells are pixels. One of its sizes, 56 of 224 pixels. The mean is that of the visible pixels of the image; in "
        "the paper that of the data set.",
    ),
    Preset(
        "grid-mask",
        {"pattern": {"grid": {"period": 56, "law": "squares"}}, "budget": {"ratio": 0.25}, "fill": "zero"},
        "Chen et al. 2020, GridMask, arXiv:2001.04086",
        "squares at equal distances, beginning at a random place",
        _PHOTO,
        "supervised",
        "Cells are pixels. Period and ratio are ours; the paper draws the period and turns the grid.",
    ),
)

PRESETS: tuple[Preset, ...] = _REMOVED + _TOKENS + _FEATURES + _AUGMENTATIONS

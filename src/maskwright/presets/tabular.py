"""Presets for tables and time series."""

from __future__ import annotations

from maskwright.presets.preset import Preset

PRESETS: tuple[Preset, ...] = (
    Preset(
        "automask-tabular",
        {"pattern": "iid", "budget": {"uniform": [0.0, 0.8]}, "fill": "marginal"},
        "ours",
        "features at random, at a ratio from U(0, 0.8), replaced by values of the same feature in other rows",
        {"feature": 30},
        "supervised",
        "For training that is to stand missing or wrong features at any ratio. Wrap the fill in indicator where the "
        "model will know which features are missing.",
    ),
    Preset(
        "automask-series",
        {
            "pattern": {
                "mix": [
                    ["iid", 1],
                    [{"tied": {"pattern": {"span": {"length": 10}}, "axis": "feature"}}, 1],
                    [{"tied": {"pattern": "iid", "axis": "time"}}, 1],
                ]
            },
            "budget": {"uniform": [0.0, 0.8]},
            "fill": "zero",
        },
        "ours",
        "lone values, stretches of 10 steps or whole variables, one kind for each example, at a ratio from U(0, 0.8)",
        {"time": 100, "feature": 8},
        "supervised",
        "For time series [B, time, feature] with missing values, gaps and lost sensors. Its parts and their weights "
        "were not compared with others. Zero is the mean only if the variables are standardised.",
    ),
    Preset(
        "vime",
        {"pattern": "iid", "budget": {"bernoulli": 0.3}, "fill": "marginal"},
        "Yoon et al. 2020, VIME, NeurIPS 2020",
        "each feature with probability p_m = 0.3, replaced from its empirical marginal distribution",
        {"feature": 30},
        "reconstruct",
        "VIME also learns to tell which features were replaced. A value may be replaced by an equal one, which nobody "
        "can tell: learn that from inputs != originals, not from the mask. Swap categories before they become one-hot.",
    ),
    Preset(
        "scarf",
        {"pattern": "iid", "budget": {"ratio": 0.6}, "fill": "marginal"},
        "Bahri et al. 2021, SCARF, arXiv:2106.15147",
        "corruption rate 0.6, replaced by a random draw from the feature's empirical marginal distribution",
        {"feature": 30},
        "consistency",
        "The paper compares the corrupted row with the whole one by a contrastive loss. Where the share is no whole "
        "number of features it is rounded at random and right on average.",
    ),
    Preset(
        "tst",
        {"pattern": {"markov": {"length": 3, "share": 0.15}}, "fill": "zero"},
        "Zerveas et al. 2021, TST, arXiv:2010.02803",
        "r = 0.15, mean length of masked segments l_m = 3, each variable on its own",
        {"time": 100, "feature": 8},
        "reconstruct",
        "Zero is the mean only if the variables are standardised.",
    ),
    Preset(
        "patchtst",
        {"pattern": "iid", "budget": {"ratio": 0.4}, "fill": "zero"},
        "Nie et al. 2023, PatchTST, arXiv:2211.14730",
        "masking ratio 40% of the patches, with zero values",
        {"patch": 42},
        "reconstruct",
        "Cells are patches that do not overlap (the paper's: 42 of 12 steps); channels are examples of their own. "
        "Zero is the mean only if the series are standardised.",
    ),
)

"""A finished run small enough to train in a second."""

import json

import numpy as np
import pytest

from maskwright.tasks import parse_config

TOPICS = {
    "fruit": ["apple", "pear", "plum", "juice", "peel", "ripe", "sweet", "orchard"],
    "metal": ["iron", "zinc", "copper", "alloy", "forge", "weld", "rust", "ore"],
    "<i>music</i>": ["violin", "tempo", "chord", "melody", "drum", "rhythm", "opera", "note"],
}


def write_split(path, n, seed):
    rng = np.random.default_rng(seed)
    names = list(TOPICS)
    rows = []
    for i in range(n):
        label = names[i % 3]
        body = " ".join([*rng.choice(TOPICS[label], rng.integers(3, 12)), f"<script>alert({seed}{i})</script>"])
        other = names[(i + 1) % 3]
        rows.append(
            {
                "text": f"tag{names.index(label)} {body}",
                "label": label,
                "text_removed": body,
                "text_swapped": f"tag{names.index(other)} {body}",
            }
        )
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


@pytest.fixture(scope="session")
def data_node(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    return {
        "train": write_split(folder / "train.jsonl", 48, 1),
        "validation": write_split(folder / "validation.jsonl", 12, 2),
        "test": write_split(folder / "test.jsonl", 30, 3),
        "text": "text",
        "label": "label",
        "variants": {"removed": "text_removed", "swapped": "text_swapped"},
        "max_length": 32,
    }


@pytest.fixture(scope="session")
def trained(data_node, tmp_path_factory):
    """Train a run in a folder of this session; the same arguments give the same folder."""
    from maskwright.train.run import train

    root = tmp_path_factory.mktemp("runs")

    def run(name, *, masking="automask", seed=0, **data):
        settings = {"epochs": 1, "batch_size": 8, "learning_rate": 1e-3, "dtype": "fp32", "seed": seed}
        node = {
            "model": "scratch:tiny",
            "data": {**data_node, **data},
            "masking": masking,
            "training": {**settings, "output": str(root / name)},
            "evaluation": {"ratios": [0.0, 0.5, 0.9], "draws": 2, "bootstrap": 200, "examples": 6},
        }
        return train(parse_config(node))

    return run

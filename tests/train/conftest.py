"""A model small enough to train in a second, and a configuration around it."""

import json
from pathlib import Path

import pytest

from maskwright.config import RunConfig
from maskwright.tasks import parse_config

TOPICS = {
    "animals": "cat dog horse cow sheep goat duck goose",
    "food": "bread butter cheese milk honey apple pear plum",
    "tools": "hammer saw nail screw drill axe file chisel",
}


def write_rows(path: Path, count: int, start: int = 0) -> Path:
    rows = []
    for i in range(start, start + count):
        topic = list(TOPICS)[(i * i + i // 3) % 3]
        words = TOPICS[topic].split()
        text = " ".join(words[(i * k + k * k) % 8] for k in range(1, 4 + i % 7)) + f" seen {i} times"
        rows.append({"text": text, "label": topic})
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


@pytest.fixture(scope="session")
def data_node(tmp_path_factory) -> dict:
    folder = tmp_path_factory.mktemp("data")
    return {
        "train": str(write_rows(folder / "train.jsonl", 70)),
        "validation": str(write_rows(folder / "validation.jsonl", 21, start=1000)),
        "text": "text",
        "label": "label",
        "max_length": 24,
    }


def save_model(folder: Path, dropout: float) -> Path:
    import torch
    from transformers import BertConfig, BertModel

    from maskwright.tasks.scratch import train_tokenizer

    texts = [" ".join(TOPICS.values()) + " seen times 0 1 2 3 4 5 6 7 8 9"] * 3
    tokenizer = train_tokenizer(texts, vocabulary=300, max_length=64)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        BertModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory) -> Path:
    return save_model(tmp_path_factory.mktemp("model"), dropout=0.1)


@pytest.fixture(scope="session")
def still_model_folder(tmp_path_factory) -> Path:
    """Without dropout, for comparisons across batch splits."""
    return save_model(tmp_path_factory.mktemp("still"), dropout=0.0)


@pytest.fixture
def make_config(data_node, model_folder, tmp_path):
    def make(name: str = "run", *, model: Path = model_folder, masking="automask", data=None, **training) -> RunConfig:
        settings = {"epochs": 2, "batch_size": 8, "learning_rate": 1e-3, "dtype": "fp32", **training}
        settings.setdefault("output", str(tmp_path / name))
        node = {"model": str(model), "data": {**data_node, **(data or {})}, "masking": masking, "training": settings}
        return parse_config(node)

    return make

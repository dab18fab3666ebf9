"""A task of one's own in one file: a number from a text. docs/add-a-task.md goes along it.

python examples/text_regression.py                       make data, train, evaluate, print the verdict

With the file in the current folder or on PYTHONPATH, every command takes it: `task: text_regression:TASK`.
"""

from __future__ import annotations

import csv
import sys
import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from maskwright import objectives
from maskwright.config import Configuration, RunConfig
from maskwright.data.loading import load_table_data
from maskwright.data.roles import TEXT, Role
from maskwright.data.sections import section_of
from maskwright.tasks.contract import Built, Task, Words
from maskwright.tasks.examples import Hidden, Loss
from maskwright.tasks.metrics.mean_absolute_error import MEAN_ABSOLUTE_ERROR
from maskwright.tasks.metrics.mean_squared_error import MEAN_SQUARED_ERROR
from maskwright.tasks.metrics.r2 import R2
from maskwright.tasks.text import models
from maskwright.tasks.text.checks import check_text_run, describe_lengths
from maskwright.tasks.text.encoded import LABELS, EncodedTexts
from maskwright.tasks.text.marked_text import marked
from maskwright.tasks.text.tokenizing import load_tokenizer, texts_of, tokenised
from maskwright.tasks.views import Answer, Shown, View
from maskwright.units.vocabulary import Vocabulary

AUTO = "AutoModelForSequenceClassification"
ROLES = (TEXT, Role("target", "number", names=("score", "rating", "price", "value", "y")))


class Data(section_of("RegressionSection", ROLES)):
    """A text and a number in each row."""

    max_length: int = Field(default=256, ge=4, description="tokens; longer texts are cut at the end, and counted")


def reader(config: RunConfig, data: Any) -> Any:
    """The tokenizer."""
    return load_tokenizer(config, lambda: texts_of(data.train))


def build(config: RunConfig, data: Any) -> Built:
    """An encoder with a head of one number."""
    return models.built(config, reader(config, data), AUTO, num_labels=1, problem_type="regression")


def restore(folder: Path) -> Built:
    """The model of a run."""
    return models.restored(folder, AUTO)


def encode(rows: Any, reader: Any, config: RunConfig, *, data: Any, on_progress: Any = lambda done, total: None) -> Any:
    """Tokenise a split."""
    tokens = tokenised(rows["text"], None, reader, config.data.max_length, on_progress)
    targets = np.asarray(rows["target"][:], dtype=np.float64)
    return EncodedTexts(
        inputs=tokens.inputs,
        example_ids=np.asarray(rows["example_id"][:], dtype=np.int64),
        labels={LABELS: targets.astype(np.float32)},
        right=targets,
        vocabulary=Vocabulary.from_tokenizer(reader),
        weights=np.ones(len(targets), dtype=np.float32),
        notes=tokens.notes(config.data.max_length),
    )


def loss(model: Any, hidden: Hidden) -> Loss:
    """Squared error, a mean over examples."""
    errors = (model(**hidden.inputs).logits[:, 0].float() - hidden.labels[LABELS]) ** 2
    return Loss((errors * hidden.weight).sum(), hidden.count)


def predict(model: Any, hidden: Hidden, settings: Any) -> np.ndarray:
    """[B] numbers."""
    del settings
    return model(**hidden.inputs).logits[:, 0].float().cpu().numpy()


def shown(examples: EncodedTexts, row: int, view: View, predictions: Mapping[str, Any]) -> Shown:
    """A text with what is hidden, the true number and each model's."""
    text = marked(examples, row, view)
    answers = {who: Answer(f"{number:.2f}") for who, number in predictions.items()}
    reference = f"{examples.right[row]:.2f}"
    return Shown(text.pieces, reference=reference, answers=answers, hidden=text.hidden, units=text.units)


TASK = Task(
    name="text_regression:TASK",
    words=Words("texts", "tokens", "text"),
    configuration=Configuration(
        data=Data,
        objective=partial(objectives.read, "text_regression:TASK", ("supervised",)),
        defaults={"evaluation": {"unit": "word"}},
    ),
    metrics=(R2, MEAN_ABSOLUTE_ERROR, MEAN_SQUARED_ERROR),
    load=partial(load_table_data, roles=ROLES),
    reader=reader,
    build=build,
    restore=restore,
    encode=encode,
    loss=loss,
    predict=predict,
    shown=shown,
    check=check_text_run,
    describe=partial(describe_lengths, auto=AUTO),
    same_reader=models.same_tokens,
    plain_fill=models.plain_fill,
)


def write_data(folder: Path, rows: int = 400) -> dict[str, str]:
    """Made-up reviews whose stars are the sum of what their words are worth."""
    worth = {"awful": -2, "dull": -1, "fine": 1, "superb": 2, "film": 0, "plot": 0, "cast": 0, "the": 0, "a": 0}
    folder.mkdir(parents=True, exist_ok=True)
    rng, words = np.random.default_rng(0), list(worth)
    paths = {}
    for split, n in (("train", rows), ("validation", rows // 4), ("test", rows // 2)):
        paths[split] = str(folder / f"{split}.csv")
        with open(paths[split], "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["text", "target"])
            for number in range(n):
                chosen = rng.choice(words, rng.integers(4, 12))
                writer.writerow([f"review {split} {number}: {' '.join(chosen)}", sum(worth[word] for word in chosen)])
    return paths


def main() -> None:
    """Train on the data made here, with masking and without, and print what masking bought."""
    from maskwright.evaluate.run import evaluate
    from maskwright.tasks import parse_config
    from maskwright.train.run import train

    folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
    config = parse_config(
        {
            "task": "text_regression:TASK",
            "model": "scratch:tiny",
            "data": {**write_data(folder), "max_length": 32},
            "masking": "automask",
            "training": {"epochs": 6, "learning_rate": 1e-3, "output": str(folder / "run")},
            "evaluation": {"ratios": [0, 0.3, 0.5], "patterns": ["iid"]},
        }
    )
    print(evaluate([train(config)]).document["verdict"]["sentence"])


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    main()

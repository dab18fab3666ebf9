"""Everything one model is asked in an evaluation: test examples masked and whole, variants, some training examples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright import fills
from maskwright.config import EvaluationConfig, RunConfig
from maskwright.errors import ConfigError, RunError
from maskwright.evaluate.example_choice import shown_ratio
from maskwright.evaluate.predict import Records, Request, Sink, Trial, ask
from maskwright.evaluate.scored import Answers, Scored
from maskwright.masking import Masking
from maskwright.tasks.contract import Task
from maskwright.tasks.examples import Examples

if TYPE_CHECKING:
    from maskwright.data.checked import CheckedData

TRAIN_EXAMPLES = 1000
"""Training examples asked about at most, for the generalisation gap; drawn blindly with a fixed seed."""

TRAIN_SEED = 0

Condition = tuple[str, float]
"""(pattern, ratio), ratio above 0."""


@dataclass(frozen=True)
class Material:
    """The examples of an evaluation, read once for all models.

    Attributes:
        task: of the run.
        config: of the run.
        data: checked.
        reader: what makes inputs of examples, the same for all models.
        test: the test examples.
        variants: variant -> the test examples in that variant.
        train: some training examples.
    """

    task: Task
    config: RunConfig
    data: CheckedData
    reader: Any
    test: Examples
    variants: Mapping[str, Examples]
    train: Examples

    @classmethod
    def of(cls, task: Task, config: RunConfig, data: CheckedData, reader: Any) -> Material:
        """Encode what an evaluation reads."""
        data = data if task.readable is None else task.readable(data, reader)

        def encoded(rows: Any) -> Examples:
            return task.encode(rows, reader, config, data=data)

        rng = np.random.default_rng(TRAIN_SEED)
        some = np.sort(rng.permutation(len(data.train))[:TRAIN_EXAMPLES])
        variants = {name: encoded(data.variant(name)) for name in data.variants}
        test, train = encoded(data.test), encoded(data.train.select(some))
        return cls(task, config, data, reader, test, variants, train)

    @property
    def everything(self) -> list[Examples]:
        """All that models are asked about."""
        return [self.test, *self.variants.values(), self.train]

    def check_same_reader(self, reader: Any, place: object) -> None:
        """Refuse a model that reads otherwise: the same mask would not hide the same things."""
        if not self.task.same_reader(self.reader, reader):
            raise RunError(
                f"{place}: makes other inputs of its {self.task.words.examples} than the other model, so their masks "
                "cannot be paired."
            )


@dataclass(frozen=True)
class Second:
    """A second way of taking away: what a model loses under it is not surprise at the first.

    Attributes:
        pattern: what curves and tables call it: `iid (drop)`.
        first: the pattern that it repeats.
        fill: in words.
    """

    pattern: str
    first: str
    fill: str


def in_words(fill: Any) -> str:
    """A fill's node, or one for each modality, in words.

    >>> in_words("drop"), in_words({"image": "noise", "text": "drop"}), in_words({"mix": {"zero": 0.5, "keep": 0.5}})
    ('drop', 'noise and drop', 'mix')
    """
    if isinstance(fill, str):
        return fill
    names = fills.names()
    return next(iter(fill)) if next(iter(fill)) in names else " and ".join(in_words(one) for one in fill.values())


@dataclass(frozen=True)
class Plan:
    """Under which masks the test examples are read.

    Attributes:
        maskings: one for each pattern and ratio above 0.
        draws: independent masks per example, pattern and ratio.
        second: the first pattern with another fill; None if there is none.
    """

    maskings: Mapping[Condition, Masking]
    draws: int
    second: Second | None = None

    @classmethod
    def of(cls, settings: EvaluationConfig, fill: Any, task: Task, other: Any = None) -> Plan:
        """Build the masks' rules.

        Args:
            settings: patterns, ratios, draws.
            fill: node of the one the model was trained with.
            task: of the run.
            other: node of a second fill, under which the first pattern is asked once more; None for none.

        Raises:
            ConfigError: an unknown pattern, or no ratio above 0.
        """
        ratios = sorted({ratio for ratio in settings.ratios if ratio > 0})
        if not ratios:
            raise ConfigError(f"evaluation.ratios: expected at least one ratio above 0, given {settings.ratios}.")
        read = task.evaluated or Masking.from_dict
        asked = [(name, pattern, fill) for name, pattern in settings.named_patterns.items()]
        second = None if other is None else Second(f"{asked[0][0]} ({in_words(other)})", asked[0][0], in_words(other))
        if second is not None:
            asked.append((second.pattern, asked[0][1], other))
        maskings = {
            (name, ratio): read({"pattern": pattern, "budget": {"ratio": ratio}, "fill": node, "unit": settings.unit})
            for name, pattern, node in asked
            for ratio in ratios
        }
        return cls(maskings, settings.draws, second)

    @property
    def shown_condition(self) -> Condition:
        """Pattern and ratio at which examples are shown."""
        pattern = next(iter(self.maskings))[0]
        return pattern, shown_ratio([ratio for name, ratio in self.maskings if name == pattern])

    @property
    def trials(self) -> list[Trial]:
        """The whole examples once, then every draw of every condition in order."""
        masked = [Trial(masking, draw) for masking in self.maskings.values() for draw in range(self.draws)]
        return [Trial(), *masked]

    @property
    def places(self) -> dict[Condition, slice]:
        """Where the draws of each condition stand among the trials."""
        return {c: slice(1 + i * self.draws, 1 + (i + 1) * self.draws) for i, c in enumerate(self.maskings)}


@dataclass(frozen=True)
class Passes:
    """What the asking cost and hid.

    Attributes:
        work: cells that went through the model.
        seconds: wall-clock time.
        hidden: condition -> mean share of the units hidden in fact.
        shown_hidden: condition -> [N] the share of each test example, first draw.
    """

    work: int
    seconds: float
    hidden: Mapping[Condition, float]
    shown_hidden: Mapping[Condition, np.ndarray]


@dataclass(frozen=True)
class Replies:
    """What was noted of all answers of one model.

    Attributes:
        test: under every trial of the plan.
        variants: by name, whole.
        train: whole.
    """

    test: Records
    variants: Mapping[str, Records]
    train: Records

    def passes(self, plan: Plan) -> Passes:
        """What they cost and hid."""
        everything, hidden = [self.test, *self.variants.values(), self.train], self.test.hidden
        return Passes(
            work=sum(one.work for one in everything),
            seconds=sum(one.seconds for one in everything),
            hidden={condition: float(hidden[draws].mean()) for condition, draws in plan.places.items()},
            shown_hidden={condition: hidden[draws][0] for condition, draws in plan.places.items()},
        )

    def scored(self, plan: Plan) -> Answers:
        """The same by condition."""
        test = self.test.by_statistic
        return Answers(
            clean=Scored({name: table[:1] for name, table in test.items()}),
            masked={
                condition: Scored({name: table[draws] for name, table in test.items()})
                for condition, draws in plan.places.items()
            },
            variants={name: Scored(one.by_statistic) for name, one in self.variants.items()},
            train=Scored(self.train.by_statistic),
        )


def rows_of(material: Material, plan: Plan) -> int:
    """Examples that go through each model, for progress."""
    return len(material.test) * (len(plan.trials) + len(material.variants)) + len(material.train)


def ask_everything(
    model: Any,
    material: Material,
    plan: Plan,
    request: Request,
    on_progress: Callable[[int], None],
    sink_of: Callable[[str | None], Sink | None] = lambda variant: None,
) -> Replies:
    """Ask one model everything.

    Args:
        model: a trained model.
        material: the examples.
        plan: the masks.
        request: what is asked, and where.
        on_progress: called with the number of examples done, after every batch.
        sink_of: name of a variant, or None for the test examples as they are -> what takes the answers.
    """

    def asked(examples: Examples, trials: list[Trial], sink: Sink | None = None) -> Records:
        return ask(model, examples, trials, request, on_progress, sink)

    test = asked(material.test, plan.trials, sink_of(None))
    variants = {name: asked(examples, [Trial()], sink_of(name)) for name, examples in material.variants.items()}
    return Replies(test, variants, asked(material.train, [Trial()]))

"""What is put to the test: how to make a fresh collator, the examples, and what is known about them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from maskwright.errors import ConfigError
from maskwright.testing.finding import SubjectError
from maskwright.testing.loading import COMPARED, Loading, seeded, set_epoch
from maskwright.testing.reading import Observation, Reader
from maskwright.testing.synthetic import synthetic_tokenizer, token_examples
from maskwright.units.vocabulary import Vocabulary

EXAMPLES, LENGTH = 1500, 64
"""Examples whose masks are counted, and their tokens where the examples are made here."""

BATCH = 50
RATIO_NAMES = ("mlm_probability", "plm_probability", "mask_ratio", "masking_ratio", "mask_prob", "ratio")


@dataclass(frozen=True, eq=False)
class Subject:
    """A collator or mask function under test.

    Attributes:
        make: a fresh collator, made the way each process of a run makes its own.
        examples: whose masks are counted; of equal length if positions are to be told one by one.
        uneven: examples of unequal lengths, for what padding does; may be empty.
        short: a few tokens each, for what is left whole; may be empty.
        ratio: hidden share asked for, or None if nothing says.
        fixed_ratio: the ratio is the same for every example.
        vocabulary: facts about ids, None for arrays.
        words: words are to be hidden whole.
        padding_side: where the collator pads.
        alternatives: name -> makes the same collator on another back end.
        declared: name of a check -> why it does not apply.
        plain: makes the collator itself, where `make` wraps it to show more; this one is timed.
        passes: how often the examples are run through, for data sets of few examples.
    """

    make: Callable[[], Callable[[Any], Any]]
    examples: Sequence[Any]
    uneven: Sequence[Any] = ()
    short: Sequence[Any] = ()
    ratio: float | None = None
    fixed_ratio: bool = True
    vocabulary: Vocabulary | None = None
    words: bool = False
    padding_side: str = "right"
    alternatives: Mapping[str, Callable[[], Any]] = field(default_factory=dict)
    declared: Mapping[str, str] = field(default_factory=dict)
    plain: Callable[[], Any] | None = None
    passes: int = 1

    @cached_property
    def observations(self) -> list[Observation]:
        """The examples, in batches, as the collator gave them back."""
        return self.observe(self.examples, self.passes)

    @cached_property
    def uneven_observations(self) -> list[Observation]:
        """The examples of unequal lengths."""
        return self.observe(self.uneven or self.examples)

    @cached_property
    def mixed_observations(self) -> list[Observation]:
        """The examples of unequal lengths, or the others where the collator does not take those."""
        try:
            return self.uneven_observations
        except SubjectError:
            return self.observations

    @cached_property
    def usual(self) -> list[np.ndarray]:
        """Masks of the first examples as a run of one process draws them, which other runs are compared with."""
        return self.run(range(min(COMPARED, len(self.examples))))[0]

    def run(self, order: Sequence[int], make: Any = None, **loading: int) -> list[list[np.ndarray]]:
        """Masks of some examples, epoch by epoch, as a fresh process of a run draws them.

        Args:
            order: numbers of the examples, as the sampler gives them.
            make: another way to make the collator than that of the subject.
            **loading: `workers`, `batch_size`, `epochs`; see `Loading`.
        """
        return Loading(order, **loading).masks(make or self.fresh, self.reader, self.examples)

    def observe(self, examples: Sequence[Any], passes: int = 1) -> list[Observation]:
        """Run examples through one fresh collator, in batches of 50."""
        with seeded():
            collator = self.fresh()
            read = self.reader(collator)
            batches = []
            for epoch in range(passes):
                set_epoch(collator, epoch)
                for start in range(0, len(examples), BATCH):
                    batches.append(read.observation(list(examples[start : start + BATCH])))
        return batches

    def reader(self, collator: Any) -> Reader:
        """Calls a collator of this subject and reads its masks."""
        return Reader(collator, self.vocabulary, left=self.padding_side == "left", words=self.words)

    def fresh(self) -> Any:
        """A new collator; SubjectError if making it raises."""
        try:
            return self.make()
        except Exception as error:
            raise SubjectError.raised("making it", error) from error


def collator_subject(
    collator: Any,
    examples: Sequence[Mapping[str, Any]] | None = None,
    *,
    tokenizer: Any = None,
    ratio: float | None = None,
    words: bool | None = None,
    **about: Any,
) -> Subject:
    """A subject from anybody's collator: a callable from a list of examples to a batch.

    Args:
        collator: the collator, not used before; each run of a check works on a copy of it.
        examples: mappings with `input_ids`; made here for the synthetic tokenizer if left out.
        tokenizer: that made the examples and that the collator uses; the synthetic one if left out.
        ratio: hidden share asked for; read off the collator's `mlm_probability` and the like if left out.
        words: whether words are to be hidden whole; read off `whole_word_mask` if left out.
        **about: other attributes of `Subject`.

    Raises:
        ConfigError: something that cannot be called, no examples, or examples without a tokenizer.
    """
    if not callable(collator):
        raise ConfigError(
            f"a collator is called with a list of examples, but {type(collator).__name__} is no function."
        )
    if examples is not None and (not len(examples) or tokenizer is None):
        raise ConfigError(
            "there are no examples to mask." if not len(examples) else "examples need the tokenizer that made them."
        )
    if tokenizer is None:
        tokenizer = getattr(collator, "tokenizer", None) or synthetic_tokenizer()
    vocabulary = Vocabulary.from_tokenizer(tokenizer)
    if examples is None:
        if tokenizer is not synthetic_tokenizer() and len(tokenizer) != len(synthetic_tokenizer()):
            raise ConfigError("give examples that the collator's tokenizer made.")
        made = synthetic_examples()
    else:
        made = {"examples": examples, "passes": max(1, min(40, EXAMPLES // len(examples)))}
    asked = ratio_of(collator) if ratio is None else ratio
    whole_words = bool(getattr(collator, "whole_word_mask", False)) if words is None else words
    made |= {"vocabulary": vocabulary, "padding_side": getattr(tokenizer, "padding_side", "right")}
    return Subject(lambda: copy.deepcopy(collator), ratio=asked, words=whole_words, **{**made, **about})


def synthetic_examples() -> dict[str, Any]:
    """Attributes of a subject: texts of 64 tokens, of 4 to 64, and of 8."""
    lengths = np.random.default_rng(1).integers(4, LENGTH + 1, size=200)
    return {
        "examples": token_examples([LENGTH] * EXAMPLES),
        "uneven": token_examples(lengths, seed=1),
        "short": token_examples([8] * 400, seed=2),
    }


def ratio_of(collator: Any) -> float | None:
    """The hidden share that a collator says it aims at, None if it says nothing."""
    for name in RATIO_NAMES:
        value = getattr(collator, name, None)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
            return float(value)
    return None

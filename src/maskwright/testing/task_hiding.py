"""Checks of what a task hides: labels follow, special tokens stay, and the numbers that go with it are right.

Labels and special tokens can be looked at in texts: inputs `input_ids` [B, L] with their `attention_mask`. For other
inputs these checks say that they do not apply.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright import budgets
from maskwright.backend.arrays import Array, to_dtype
from maskwright.budgets import Budget
from maskwright.budgets.ratio import Ratio
from maskwright.engine.modalities import PerModality
from maskwright.errors import MaskwrightError
from maskwright.masking import Masking
from maskwright.patterns.iid import Iid
from maskwright.rng import Moment, Rng
from maskwright.strategy import to_node
from maskwright.tasks.views import View
from maskwright.testing.finding import NOT_APPLICABLE, Check, Measurement, verdict
from maskwright.testing.tasks import TaskSubject
from maskwright.units.vocabulary import SPECIAL, Vocabulary

if TYPE_CHECKING:
    from maskwright.tasks.examples import Batch, Hidden

__all__ = ["TASK_HIDING_CHECKS"]

IDS, ATTENTION = "input_ids", "attention_mask"
MARK, DROP = "mask-token", "drop"
"""Fills that every text takes: one shows which tokens are hidden, the other removes them."""

LOOKED_AT = 64
"""Examples by whose lengths labels of tokens are told from others."""

CLOSE = 1e-4
"""Relative difference of losses that went through a model in batches of other sizes."""


def _labels(subject: TaskSubject) -> Measurement:
    batch, masking, moment = subject.batch(), subject.config.masking, Moment(subject.config.training.seed)
    several = list(_fillings(subject, batch, masking, moment)) if isinstance(masking, Masking) else []
    names = _labels_of_tokens(subject, [hidden for _, hidden in several])
    if not names or not isinstance(masking, Masking):
        return "no label has an entry for each token", NOT_APPLICABLE, {}
    marked = _hidden(subject, batch, dataclasses.replace(masking, fill=MARK), moment)
    if marked is None:
        return "the texts have no mask token, by which hidden tokens could be found", NOT_APPLICABLE, {}
    kept = _attended(batch) & (marked.inputs[IDS] == batch.inputs[IDS]).numpy()
    before = _columns(batch, names)
    wrong = []
    for fill, hidden in several:
        unlike = _rows_apart(before, _columns(hidden, names), kept, _attended(batch), _attended(hidden), fill == DROP)
        wrong += [f"{fill} in examples {', '.join(str(subject.rows[row]) for row in unlike)}"] if unlike else []
    measured = f"labels {', '.join(names)}; tokens that stay have other labels: {'; '.join(wrong) or 'nowhere'}"
    return measured, verdict(not wrong), {"wrong": wrong}


def _labels_of_tokens(subject: TaskSubject, several: Sequence[Hidden]) -> list[str]:
    """Labels with an entry for each token: of their number, in examples of all lengths and whatever is hidden.

    Args:
        subject: whose examples are looked at.
        several: the same examples, hidden in some ways.
    """
    batches = [subject.batch([row]) for row in range(min(len(subject.examples), LOOKED_AT))]
    if not _is_text(batches[0]):
        return []
    fitting = [
        {name for name, table in one.labels.items() if getattr(table, "shape", None) == one.inputs[IDS].shape}
        for one in (*batches, *several)
    ]
    return sorted(set.intersection(*fitting))


def _rows_apart(
    before: np.ndarray, after: np.ndarray, kept: np.ndarray, there: np.ndarray, attended: np.ndarray, exact: bool
) -> list[int]:
    """Examples in which a token that stays does not have what it had.

    Args:
        before: [B, L, columns], the id and the labels of each token.
        after: [B, M, columns], the same after hiding.
        kept: [B, L] bool, tokens that stay.
        there: [B, L] bool, no padding.
        attended: [B, M] bool, no padding after hiding.
        exact: nothing but the tokens that stay is left; else there may be others between them.
    """
    rows = range(len(before))
    if np.array_equal(there, attended):
        return [row for row in rows if not np.array_equal(before[row][kept[row]], after[row][kept[row]])]
    wrong = []
    for row in rows:
        staying, left = (part.tolist() for part in (before[row][kept[row]], after[row][attended[row]]))
        if (exact and staying != left) or not _in_order(staying, left):
            wrong.append(row)
    return wrong


def _everything(subject: TaskSubject) -> Measurement:
    batch, vocabulary = subject.batch(), _vocabulary(subject.built.reader)
    everything = _all_of(subject.config.masking)
    if not _is_text(batch) or vocabulary is None or everything is None:
        return "no text", NOT_APPLICABLE, {}
    ids, there = batch.inputs[IDS].numpy(), _attended(batch)
    special = (vocabulary.flags[ids] & SPECIAL != 0) & there
    wrong: list[str] = []
    for fill, hidden in _fillings(subject, batch, everything, Moment()):
        out, attended = hidden.inputs[IDS].numpy(), _attended(hidden)
        if np.array_equal(there, attended):
            changed = {"special tokens": special, "padding": ~there}
            wrong += [f"{fill}: {what} changed" for what, cells in changed.items() if (out[cells] != ids[cells]).any()]
            continue
        if fill == MARK:
            wrong.append(f"{fill}: another attention mask")
        if not all(_in_order(ids[row][special[row]], out[row][attended[row]]) for row in range(len(ids))):
            wrong.append(f"{fill}: special tokens are gone")
        if not np.isin(out[~attended], [vocabulary.pad_id or 0]).all():
            wrong.append(f"{fill}: tokens that are not attended to")
    measured = f"{int(special.sum())} special tokens, {int((~there).sum())} of padding; wrong: {wrong or 'nothing'}"
    return measured, verdict(not wrong), {"wrong": wrong}


def _all_of(masking: Any) -> Masking | PerModality | None:
    """A masking that hides everything, with the fills and units of another."""
    if isinstance(masking, Masking):
        return dataclasses.replace(masking, pattern=Iid(), budget=Ratio(1.0), clean_share=0.0)
    return (
        dataclasses.replace(masking, budget=Ratio(1.0), whole_share=0.0) if isinstance(masking, PerModality) else None
    )


def _fillings(
    subject: TaskSubject, batch: Batch, masking: Masking | PerModality, moment: Moment
) -> Iterator[tuple[str, Hidden]]:
    """The batch with the masking's own fill, and with others of texts that the examples take; with their names."""
    hidden = subject.examples.hide(batch, masking, moment)
    if not isinstance(masking, Masking):
        yield "its fills", hidden
        return
    node = to_node(masking.fill)
    yield next(iter(node)) if isinstance(node, dict) else str(node), hidden
    for fill in (MARK, DROP):
        other = _hidden(subject, batch, dataclasses.replace(masking, fill=fill), moment)
        if other is not None:
            yield fill, other


def _hidden(subject: TaskSubject, batch: Batch, masking: Masking, moment: Moment) -> Hidden | None:
    """None where the examples do not take the fill."""
    try:
        return subject.examples.hide(batch, masking, moment)
    except MaskwrightError:
        return None


def _share(subject: TaskSubject) -> Measurement:
    rows, moment = subject.rows, Moment(subject.config.training.seed)
    view = View(subject.built.reader, subject.config.masking, moment, subject.data.labels)
    shares = subject.hidden(rows, moment).share.tolist()
    seen = [subject.task.shown(subject.examples, row, view, {}) for row in rows]
    counted = [one.hidden / max(one.units, 1) for one in seen]
    row = int(np.argmax(np.abs(np.array(shares) - counted)))
    measured = f"share {shares[row]:.4f}, shown {seen[row].hidden} of {seen[row].units} units hidden"
    return measured, verdict(bool(np.allclose(shares, counted, atol=1e-5))), {}


def _law(subject: TaskSubject) -> Measurement:
    masking, rows = subject.config.masking, subject.rows
    if not isinstance(masking, Masking | PerModality) or masking.budget is None:
        return "the masking has no budget, which could have a law", NOT_APPLICABLE, {}
    moment, weighed = Moment(subject.config.training.seed), []
    for attached in (False, True):
        budget = _Weighed(masking.budget, attached)
        changed = dataclasses.replace(masking, budget=budget)
        weighed.append(
            [subject.examples.hide(subject.batch(some), changed, moment) for some in (rows, *([r] for r in rows))]
        )
    (plain, *ones), (together, *_) = weighed
    law = (together.weight / plain.weight).tolist()
    reached = min(law) >= 2 and max(law) <= 3 and len(set(law)) > 1
    expected = sum(weight * float(subject.loss(one).sum) for weight, one in zip(law, ones, strict=True))
    loss = float(subject.loss(together).sum)
    fine = reached and abs(loss - expected) <= CLOSE * abs(expected) and plain.count == together.count
    measured = (
        f"weights from {min(law):.3f} to {max(law):.3f}, loss {loss:.6g}, expected {expected:.6g}, count "
        f"{together.count} of {plain.count}"
    )
    return measured, verdict(fine), {"loss": loss, "expected": expected}


@dataclass(frozen=True)
class _Weighed:
    """A budget with a law: an example weighs 2 to 3.

    Attributes:
        budget: how many units are hidden.
        attached: whether there are weights.
    """

    budget: Budget
    attached: bool

    def __call__(self, n_valid: Array, *, rng: Rng, progress: float) -> Array:
        return self.budget(n_valid, rng=rng, progress=progress)

    @property
    def inner(self) -> tuple[Budget, ...]:
        """A trait of budgets."""
        return (self.budget,)

    @property
    def rounded(self) -> Callable[[int, float], int] | None:
        """A trait of budgets."""
        return budgets.traits(self.budget).rounded

    @property
    def weights(self) -> Callable[..., Array] | None:
        """A trait of budgets."""
        return self._weights if self.attached else None

    def _weights(self, *, rng: Rng, progress: float) -> Array:
        del progress
        return 2 + to_dtype(rng.child("law").draw(), "float64") / (1 << 24)


def _is_text(batch: Batch) -> bool:
    return {IDS, ATTENTION} <= set(batch.inputs)


def _attended(some: Batch | Hidden) -> np.ndarray:
    return some.inputs[ATTENTION].numpy() != 0


def _columns(some: Batch | Hidden, names: Sequence[str]) -> np.ndarray:
    """[B, L, columns], the id and the labels of each token."""
    return np.stack([some.inputs[IDS].numpy(), *(some.labels[name].numpy() for name in names)], axis=-1)


def _in_order(some: Sequence[Any], among: Sequence[Any]) -> bool:
    """Whether some entries are among others in the same order."""
    left = iter(among)
    return all(any(one == other for other in left) for one in some)


def _vocabulary(reader: Any) -> Vocabulary | None:
    """Of a tokenizer, or of a processor that has one."""
    tokenizer = getattr(reader, "tokenizer", reader)
    return Vocabulary.from_tokenizer(tokenizer) if hasattr(tokenizer, "all_special_ids") else None


TASK_HIDING_CHECKS = (
    Check("labels", "tokens that stay keep their labels", _labels),
    Check("everything", "special tokens and padding as they are, where everything is hidden", _everything),
    Check("share", "the share of units that people are shown as hidden", _share),
    Check("law", "a loss that the law of a budget weighs, and the same count", _law),
)

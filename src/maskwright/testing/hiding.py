"""Checks of what a collator hides: how much, where, and what it puts there."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from maskwright.testing.finding import NOT_APPLICABLE, PASS, Answer, Check, SubjectError, verdict
from maskwright.testing.subject import Subject
from maskwright.units.text import Units, text_units

Z_RATIO, Z_POSITION = 4.0, 5.0
"""Standard errors a mean ratio, and the largest of many positions, may be off by chance."""

BINS = 20


def _ratio(subject: Subject) -> Answer:
    hidden, units = _counts(subject)
    share = (hidden[units > 0] / units[units > 0]).astype(np.float64)
    if not len(share):
        return "the examples have nothing that may be hidden", NOT_APPLICABLE, {}
    mean, error = float(share.mean()), float(share.std() / np.sqrt(len(share)))
    low, high = mean - 1.96 * error, mean + 1.96 * error
    numbers = {"asked": subject.ratio, "realised": mean, "low": low, "high": high, "examples": len(share)}
    answer = f"{mean:.4f} ({low:.4f} to {high:.4f})"
    if subject.ratio is None:
        return f"{answer}; nothing says what was asked", NOT_APPLICABLE, numbers
    passed = abs(mean - subject.ratio) <= Z_RATIO * error + 1e-6
    return f"asked {subject.ratio:.4g}, realised {answer}", verdict(passed), numbers


def profile(subject: Subject) -> tuple[np.ndarray, np.ndarray]:
    """Rate of hiding by place, and its standard error.

    One number per cell where all examples have the same number of cells that may be hidden; else up to 20 bins from
    the first cell of an example to its last.
    """
    rows = [mask[valid] for o in subject.observations for mask, valid in zip(o.mask, o.valid, strict=True)]
    rows = [row for row in rows if len(row)]
    if not rows:
        return np.zeros(0), np.zeros(0)
    if len({len(row) for row in rows}) == 1:
        rate = np.stack(rows).mean(0)
        mean = rate.mean()
        return rate, np.full(len(rate), np.sqrt(max(mean * (1 - mean), 1e-12) / len(rows)))
    bins = min(BINS, int(np.median([len(row) for row in rows])))
    shares = []
    for row in rows:
        if len(row) >= bins:  # then no bin is empty
            which = np.arange(len(row)) * bins // len(row)
            shares.append(np.bincount(which, row, bins) / np.bincount(which, minlength=bins))
    table = np.stack(shares)
    # A bin that happened to stay empty has no spread of its own: none is taken to be steadier than they are together.
    spread = np.maximum(table.var(0), table.var(0).mean())
    return table.mean(0), np.sqrt(spread / len(table)) + 1e-9


def _positions(subject: Subject) -> Answer:
    rate, error = profile(subject)
    if len(rate) < 3:
        return "too few cells", NOT_APPLICABLE, {}
    middle = float(rate[len(rate) // 4 : -(len(rate) // 4) or None].mean())
    numbers = {"first": rate[0], "last": rate[-1], "middle": middle, "lowest": rate.min(), "highest": rate.max()}
    worst = float((np.abs(rate - rate.mean()) / error).max())
    answer = (
        f"first {rate[0]:.3f}, middle {middle:.3f}, last {rate[-1]:.3f}; "
        f"lowest {rate.min():.3f}, highest {rate.max():.3f} ({worst:.1f} standard errors off)"
    )
    numbers = {key: float(value) for key, value in {**numbers, "standard_errors": worst}.items()}
    return answer, verdict(worst <= Z_POSITION), numbers


def _exact_count(subject: Subject) -> Answer:
    if subject.ratio is None or not subject.fixed_ratio:
        why = "nothing says how many" if subject.ratio is None else "the ratio is drawn for each example"
        return why, NOT_APPLICABLE, {}
    hidden, units = _counts(subject)
    exact = np.abs(hidden - subject.ratio * units) < 1 - 1e-9
    answer = f"{exact.mean():.1%} of examples; {hidden.min()} to {hidden.max()} hidden"
    return answer, verdict(bool(exact.all())), {"exact": float(exact.mean()), "examples": len(exact)}


def _something_hidden(subject: Subject) -> Answer:
    observations = subject.observe(subject.short) if subject.short else subject.observations
    hidden = np.concatenate([seen.hidden for seen in observations])
    units = np.concatenate([seen.units for seen in observations])
    due = units > 0 if subject.ratio is None else subject.ratio * units >= 1
    if not due.any():
        return "no text is due a unit", NOT_APPLICABLE, {}
    bare = float((hidden[due] == 0).mean())
    if subject.ratio != 0 and not hidden.any():
        return "nothing is hidden in any text", verdict(False), {"left_whole": bare}
    if not subject.fixed_ratio or subject.ratio is None:
        return f"{bare:.1%} of texts are left whole; the ratio may be zero", NOT_APPLICABLE, {"left_whole": bare}
    low, high = units[due].min(), units[due].max()
    sizes = f"{low} to {high}" if low < high else f"{low}"
    return f"{bare:.1%} of texts of {sizes} units are left whole", verdict(bare == 0), {"left_whole": bare}


def _special_tokens(subject: Subject) -> Answer:
    if subject.vocabulary is None:
        return "there are no tokens", NOT_APPLICABLE, {}
    special = sum(int((o.own & ~o.valid).sum()) for o in subject.mixed_observations)
    hidden = sum(int((o.mask & o.own & ~o.valid).sum()) for o in subject.mixed_observations)
    if not special:
        return "the examples have none", NOT_APPLICABLE, {}
    return f"{hidden:,} of {special:,} hidden", verdict(hidden == 0), {"hidden": hidden, "special": special}


def _padding(subject: Subject) -> Answer:
    padding = sum(int((~o.own).sum()) for o in subject.mixed_observations)
    hidden = sum(int((o.mask & ~o.own).sum()) for o in subject.mixed_observations)
    if not padding:
        return "there is none", NOT_APPLICABLE, {}
    return f"{hidden:,} of {padding:,} hidden", verdict(hidden == 0), {"hidden": hidden, "padding": padding}


def _replacements(subject: Subject) -> Answer:
    drawn = strange = 0
    for o in subject.observations:
        if subject.vocabulary is None or o.inputs is None:
            return "there are no token ids to look at", NOT_APPLICABLE, {}
        new = o.inputs[o.mask & o.own & (o.inputs != o.original) & (o.inputs != subject.vocabulary.mask_id)]
        drawn += len(new)
        strange += int((~np.isin(new, subject.vocabulary.ordinary_ids)).sum())
    if not drawn:
        return "no random tokens are put in", NOT_APPLICABLE, {}
    answer = f"{strange:,} of {drawn:,} random tokens are special or reserved ({strange / drawn:.1%})"
    return answer, verdict(strange == 0), {"drawn": drawn, "special_or_reserved": strange}


def _rest_untouched(subject: Subject) -> Answer:
    touched = seen = 0
    for o in subject.observations:
        if o.inputs is None:
            return "the values do not come back in place", NOT_APPLICABLE, {}
        touched += int(((o.inputs != o.original) & o.own & ~o.mask).sum())
        seen += int((o.own & ~o.mask).sum())
    answer = f"{touched:,} of {seen:,} visible cells changed"
    return answer, verdict(touched == 0), {"changed": touched, "visible": seen}


def _whole_words(subject: Subject) -> Answer:
    if not subject.words or subject.vocabulary is None:
        return "words are not asked to be hidden whole", NOT_APPLICABLE, {}
    broken = words = 0
    for o in subject.observations:
        units = text_units(np.where(o.own, o.original, 0), o.own, subject.vocabulary, "word")
        some, seen = (_any(units, o.mask), _any(units, ~o.mask))
        words += int(some.sum())
        broken += int((some & seen).sum())
    answer = f"{broken:,} of {words:,} words that were touched are cut ({broken / max(1, words):.1%})"
    return answer, verdict(broken == 0), {"cut": broken, "touched": words}


def _any(units: Units, cells: np.ndarray) -> np.ndarray:
    """[B, units] whether a unit has any of these cells."""
    return (units.to_units((cells & units.hideable).astype(np.int32)) > 0) & units.valid


def _labels(subject: Subject) -> Answer:
    if not isinstance(subject.examples[0], Mapping) or "input_ids" not in subject.examples[0]:
        return "there are no labels", NOT_APPLICABLE, {}
    labelled = [{**example, "labels": number % 2} for number, example in enumerate(subject.examples[:32])]
    subject.observe(subject.examples[:32])  # what raises without labels does not refuse them
    try:
        kept = subject.observe(labelled)[0].labels_kept
    except SubjectError as error:
        return f"are refused ({error})", PASS, {"refused": True}
    return ("come back" if kept else "are overwritten or lost"), verdict(bool(kept)), {"kept": bool(kept)}


def _in_place(subject: Subject) -> Answer:
    changed = any(o.changed for o in [*subject.observations, *subject.mixed_observations])
    return "written to" if changed else "as they were", verdict(not changed), {"changed": changed}


def _takes_uneven(subject: Subject) -> Answer:
    lengths = {int(own.sum()) for o in subject.uneven_observations for own in o.own}
    if len(lengths) == 1:
        return "the examples have one length", NOT_APPLICABLE, {}
    batches = len(subject.uneven_observations)
    return f"{len(lengths)} lengths in {batches} batch{'es' * (batches > 1)}", PASS, {"lengths": len(lengths)}


def _counts(subject: Subject) -> tuple[np.ndarray, np.ndarray]:
    observations = subject.observations
    return np.concatenate([o.hidden for o in observations]), np.concatenate([o.units for o in observations])


HIDING_CHECKS = (
    Check("ratio", "the share that was asked for", _ratio),
    Check("positions", "every place equally often", _positions),
    Check("exact_count", "each example its share, rounded", _exact_count),
    Check("something_hidden", "no text left whole that is due a unit", _something_hidden),
    Check("uneven_lengths", "unequal lengths are taken", _takes_uneven),
    Check("special_tokens", "special tokens never hidden", _special_tokens),
    Check("padding", "padding never hidden", _padding),
    Check("replacements", "random tokens are ordinary tokens", _replacements),
    Check("rest_untouched", "visible cells untouched", _rest_untouched),
    Check("whole_words", "words hidden whole", _whole_words),
    Check("labels", "user's labels kept, or refused", _labels),
    Check("in_place", "examples not written to", _in_place),
)

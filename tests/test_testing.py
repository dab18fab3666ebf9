"""The public conformance kit: every check passes on what is right and fails on what is wrong."""

import subprocess
import sys
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

import maskwright as mw
from maskwright import Grid, MaskingError
from maskwright.testing import (
    COLLATOR_CHECKS,
    FILL_CHECKS,
    PATTERN_CHECKS,
    ConformanceError,
    FillSubject,
    PatternSubject,
    Subject,
    SubjectError,
    array_subject,
    check_collator,
    check_fill,
    check_pattern,
    collator_subject,
)
from maskwright.testing.hiding import profile
from maskwright.testing.loading import seeded
from maskwright.testing.reading import Reader
from maskwright.testing.synthetic import synthetic_tokenizer, token_examples

CHECKS = {check.name: check for check in COLLATOR_CHECKS}
TOKENIZER = synthetic_tokenizer()
FEW = {
    "examples": token_examples([32] * 200),
    "uneven": token_examples(np.random.default_rng(0).integers(3, 33, 60), seed=1),
    "short": token_examples([8] * 60, seed=2),
}


def subject_of(collator, **known) -> Subject:
    """A collator on few examples, so that a check takes milliseconds."""
    return collator_subject(collator, tokenizer=TOKENIZER, **{**FEW, "passes": 1, **known})


OURS = subject_of(mw.Masking.from_dict("bert").collator(TOKENIZER, objective="reconstruct"), ratio=0.15)


@pytest.mark.parametrize("check", COLLATOR_CHECKS)
def test_our_collator(check):
    assert check(OURS).verdict in ("pass", "not applicable")


@dataclass
class Broken:
    """A collator with one fault, over masks that are a function of the example alone."""

    fault: str = ""
    ratio: float = 0.25
    calls: int = 0
    epoch: int = 0

    def set_epoch(self, epoch):
        self.epoch = 0 if self.fault == "epochs_differ" else epoch

    def __call__(self, features):
        self.calls += 1
        rows = [np.array(feature["input_ids"]) for feature in features]
        ids = np.zeros((len(rows), max(map(len, rows))), dtype=np.int64)
        mask = np.zeros(ids.shape, dtype=bool)
        for number, row in enumerate(rows):
            ids[number, : len(row)] = row
            seed = [int(row.sum()), int(row[1]), self.epoch, *self._state(features)]
            rng = np.random.default_rng(seed)
            cells = len(row) - 2
            count = cells * self.ratio + (1 if self.fault == "ratio" else 0)
            if self.fault in ("exact_count", "something_hidden"):
                count = rng.binomial(cells, self.ratio)
            count = int(count + rng.random())
            score = rng.random(cells)
            if self.fault == "positions":
                score[0] = -1
            mask[number, 1 + np.argsort(score)[:count]] = True
            if self.fault == "special_tokens":
                mask[number, 0] = True
            if self.fault == "padding":
                mask[number, len(row) :] = True
        out = np.where(mask, 4, ids)
        if self.fault == "replacements":
            out = np.where(mask, 7, ids)
        if self.fault == "rest_untouched":
            out[:, 1] = 100
        if self.fault == "in_place":
            features[0]["input_ids"][1] = 99
        labels = np.where(mask, ids, -100)
        if "labels" in features[0] and self.fault != "labels":
            return {"input_ids": out, "mask": mask, "labels": np.array([f["labels"] for f in features])}
        return {"input_ids": torch.from_numpy(out), "labels": torch.from_numpy(labels)}

    def _state(self, features):
        from torch.utils.data import get_worker_info

        if self.fault == "workers":
            return [get_worker_info() is not None]
        if self.fault == "batch_size":
            return [len(features)]
        if self.fault in ("order", "resume", "ranks_same"):
            return [self.calls]
        if self.fault == "repeats":
            return [id(self) % 1000, int(np.random.SeedSequence().entropy % 1000)]
        return []


RIGHT = subject_of(Broken(), ratio=0.25)
FAULTS = (
    "ratio positions exact_count something_hidden special_tokens padding replacements rest_untouched labels in_place "
    "repeats workers batch_size order resume ranks_same epochs_differ"
).split()


@pytest.mark.parametrize("name", FAULTS)
def test_a_check_finds_its_fault_and_nothing_else_is_blamed(name):
    assert CHECKS[name].measure(RIGHT).verdict == "pass" or name == "replacements"
    with pytest.raises(ConformanceError, match=name):
        CHECKS[name](subject_of(Broken(name), ratio=0.25))


def test_faults_that_the_broken_collator_cannot_have():
    def same_on_every_rank(x):
        return np.random.rand(*x.shape) < 0.3  # noqa: NPY002 - the fault

    ranks = array_subject(same_on_every_rank)
    assert CHECKS["ranks_differ"].measure(ranks).numbers["rank 0 and rank 1"] == 1
    words = subject_of(Broken(), ratio=0.25, words=True)
    assert CHECKS["whole_words"].measure(words).verdict == "fail"
    two = subject_of(Broken(), ratio=0.25, alternatives={"other": lambda: Broken(ratio=0.5)})
    assert CHECKS["back_ends"].measure(two).verdict == "fail"


def test_a_collator_that_raises_has_failed_with_its_message():
    def boom(features):
        raise RuntimeError("no such luck")

    finding = CHECKS["ratio"].measure(subject_of(boom))
    assert finding.verdict == "fail"
    assert "RuntimeError: no such luck" in finding.answer
    assert finding.numbers == {"raised": True}


def test_a_collator_that_hides_nothing_has_failed_whatever_was_asked():
    finding = CHECKS["something_hidden"].measure(array_subject(lambda x: x > 9))
    assert (finding.verdict, finding.numbers["left_whole"]) == ("fail", 1.0)
    assert CHECKS["something_hidden"].measure(array_subject(lambda x: x > 9, ratio=0.0)).verdict != "fail"
    unknown = CHECKS["something_hidden"].measure(array_subject(lambda x: x > 2.99))
    assert unknown.verdict == "not applicable"
    assert 0 < unknown.numbers["left_whole"] < 1


def test_a_collator_that_exits_has_failed_and_does_not_end_the_audit():
    assert "SystemExit" in CHECKS["ratio"].measure(subject_of(lambda features: sys.exit(3))).answer


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_examples_are_no_fault(count):
    import json

    rows = token_examples([9, 7, 11][:count])
    collator = mw.Masking.from_dict("bert").collator(TOKENIZER, objective="reconstruct")
    subject = collator_subject(collator, rows, tokenizer=TOKENIZER, ratio=0.15, passes=40)
    for check in COLLATOR_CHECKS:
        finding = check.measure(subject)
        assert finding.verdict != "fail", finding
        json.dumps(dict(finding.numbers), allow_nan=False)


def test_a_place_that_chance_left_whole_is_not_blamed():
    rate, error = profile(
        collator_subject(
            mw.Masking.from_dict("bert").collator(TOKENIZER), FEW["uneven"][:3], tokenizer=TOKENIZER, passes=4
        )
    )
    assert (rate == 0).any()
    assert (np.abs(rate - rate.mean()) < 5 * error).all()


def test_a_collator_that_takes_one_length_fails_there_and_only_there():
    def equal(features):
        if len({len(feature["input_ids"]) for feature in features}) > 1:
            raise ValueError("lengths")
        return Broken()(features)

    verdicts = {check.name: check.measure(subject_of(equal, ratio=0.25)).verdict for check in COLLATOR_CHECKS[:12]}
    assert verdicts["uneven_lengths"] == "fail"
    assert verdicts["special_tokens"] == verdicts["in_place"] == "pass"
    assert verdicts["padding"] == "not applicable"


def test_hugging_face_numbers():
    from transformers import DataCollatorForLanguageModeling

    subject = subject_of(DataCollatorForLanguageModeling(TOKENIZER, seed=0))
    assert subject.ratio == 0.15
    assert CHECKS["ranks_differ"].measure(subject).numbers["rank 0 and rank 1"] == 1
    epochs = CHECKS["epochs_differ"].measure(subject).numbers
    assert (epochs["0 workers"], epochs["2 workers"]) == (0, 1)
    assert CHECKS["labels"].measure(subject).verdict == "fail"


def test_check_collator_runs_all_but_those_left_out():
    found = check_collator(Broken(), ratio=0.25, but=["replacements"], tokenizer=TOKENIZER, **FEW)
    assert len(found) == len(COLLATOR_CHECKS) - 1
    with pytest.raises(ConformanceError, match="realised"):
        check_collator(Broken(ratio=0.5), ratio=0.25, tokenizer=TOKENIZER, **FEW)
    with pytest.raises(mw.ConfigError, match="no examples"):
        check_collator(Broken(), [])
    with pytest.raises(mw.ConfigError, match="tokenizer that made them"):
        check_collator(Broken(), FEW["examples"])


def test_global_generators_are_left_as_they_were():
    torch.manual_seed(3)
    first = torch.rand(3)
    torch.manual_seed(3)
    with seeded():
        torch.rand(10)
    assert torch.equal(first, torch.rand(3))


def test_profile_tells_places_or_bins():
    rate, _ = profile(OURS)
    assert len(rate) == 32
    rate, _ = profile(replace(OURS, examples=FEW["uneven"], uneven=()))
    assert len(rate) == 19  # tokens of the median text; 20 at most


@pytest.mark.parametrize("out", [lambda x: x > 2.5, lambda x: (x > 2.5).astype(float), lambda x: x * (x <= 2.5)])
def test_masks_of_functions_on_arrays_are_read(out):
    x = list(np.random.default_rng(0).random((4, 6)) + 2)
    seen = Reader(out, None).observation(x)
    np.testing.assert_array_equal(seen.mask, np.stack(x) > 2.5)


def test_what_cannot_be_read_is_told():
    for out, message in (("text", "gave str"), (np.zeros((9, 9)), "shape")):
        with pytest.raises(SubjectError, match=message):
            Reader(lambda _, out=out: out, None).observation(FEW["examples"][:2])


@pytest.mark.parametrize("node", ["iid", {"span": {"length": 3}}, {"fixed": {"first": 2}}], ids=str)
def test_our_patterns(node):
    assert len(check_pattern(mw.patterns.from_node(node), Grid(token=17))) == len(PATTERN_CHECKS)


@dataclass(frozen=True)
class BrokenPattern:
    """Hides cells by numbers that are not a function of the key and the cell."""

    fault: str

    def __call__(self, grid, count, *, valid, rng):
        xp = np if isinstance(valid, np.ndarray) else torch
        score = rng.bits(*grid.shape)
        if self.fault == "neighbours":
            score = score + 10**8 * (xp.arange(len(valid)) % 7)[:, None]
            score = score % 999983 if len(valid) > 1 else score
        if self.fault == "padding":
            score = (score * grid.shape[0]) % 1000003
        if self.fault == "back_ends" and xp is torch:
            score = -score
        if self.fault == "epochs_differ":
            score = xp.broadcast_to((xp.arange(grid.shape[0]) * 7919) % 101 + 0 * score, score.shape) ^ (
                rng.keys[:, None] * 0
            )
            score = (score * (1 + xp.arange(len(valid)) % 16)[:, None]) % 103
        if self.fault == "every_cell_alike":
            score[:, 0] = -1
        score = xp.where(valid, score, 2**31 - 1)
        order = xp.argsort(xp.argsort(score, 1), 1)
        mask = (order < (count[:, None] + (self.fault == "exact_count"))) & valid
        return mask | ~valid if self.fault == "within_valid" else mask


@pytest.mark.parametrize("check", PATTERN_CHECKS)
def test_a_pattern_check_finds_its_fault(check):
    with pytest.raises(ConformanceError, match=check.name):
        check(PatternSubject(BrokenPattern(check.name), Grid(token=12)))
    if check.name not in ("neighbours", "padding"):
        check(PatternSubject(BrokenPattern(""), Grid(token=12)))


def test_a_pattern_is_not_checked_on_a_grid_without_cells():
    with pytest.raises(MaskingError, match="cannot be checked"):
        check_pattern(mw.Iid(), Grid(token=0))


@pytest.mark.parametrize("node", ["zero", "mean", "keep", "drop", "mask-token", "random-token", 3], ids=str)
def test_our_fills(node):
    assert len(check_fill(mw.fills.from_node(node))) == len(FILL_CHECKS)


@dataclass(frozen=True)
class BrokenFill:
    fault: str

    def __call__(self, x, mask, *, valid, rng, **facts):
        xp = np if isinstance(x, np.ndarray) else torch
        if self.fault == "in_place":
            x[mask] = 4
            return x
        value = 7 if self.fault == "ordinary_tokens" else 4
        if self.fault == "neighbours":
            value = 4 + len(x)
        if self.fault == "back_ends" and xp is torch:
            value = 9
        out = x * ~mask + value * mask if self.fault == "no_leak" else xp.where(mask, value, x)
        if self.fault == "visible_cells":
            out = out + ~mask
        return out.astype(np.float64) if self.fault == "shape_and_dtype" and xp is np else out


@pytest.mark.parametrize("check", FILL_CHECKS)
def test_a_fill_check_finds_its_fault(check):
    tokens = check.name == "ordinary_tokens"
    with pytest.raises(ConformanceError, match=check.name):
        check(FillSubject(BrokenFill(check.name), tokens))
    check(FillSubject(BrokenFill(""), tokens))


def test_pytest_is_not_needed():
    code = "import sys, maskwright.testing; sys.exit('pytest' in sys.modules or 'torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

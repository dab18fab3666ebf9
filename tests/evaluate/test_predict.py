from types import SimpleNamespace

import numpy as np
import pytest
import torch

from maskwright.errors import RunError
from maskwright.evaluate import predict as module
from maskwright.evaluate.predict import Machine, Records, Request, Trial, ask, pools, predictions_of
from maskwright.masking import Masking
from maskwright.rng import EVALUATION_SEED
from maskwright.tasks.metrics.accuracy import ACCURACY
from maskwright.tasks.metrics.metric import Statistic
from maskwright.tasks.scratch import train_tokenizer
from maskwright.tasks.text.encoded import EncodedTexts, Ragged
from maskwright.tasks.text.text_classification import TASK
from maskwright.units.vocabulary import Vocabulary

WORDS = ["apple", "pear", "plum", "iron", "zinc", "copper", "chord", "drum", "the", "of", "in", "on"]


class Counter(torch.nn.Module):
    """Answers with a function of the visible ids alone, and remembers what it was given."""

    def __init__(self, size):
        super().__init__()
        self.table = torch.nn.Embedding.from_pretrained(
            torch.randn(size, 3, generator=torch.Generator().manual_seed(0))
        )
        self.seen = []

    def forward(self, input_ids, attention_mask):
        self.seen.append((input_ids.clone(), attention_mask.clone()))
        return SimpleNamespace(logits=(self.table(input_ids) * attention_mask[..., None]).sum(1))


@pytest.fixture(scope="module")
def texts():
    rng = np.random.default_rng(0)
    return [" ".join(rng.choice(WORDS, rng.integers(1, 20))) for _ in range(37)]


@pytest.fixture(scope="module")
def tokenizer(texts):
    return train_tokenizer(texts, vocabulary=100, max_length=64)


@pytest.fixture(scope="module")
def examples(texts, tokenizer):
    ids = Ragged.from_rows([tokenizer(text)["input_ids"] for text in texts])
    numbers = np.arange(100, 137)
    vocabulary = Vocabulary.from_tokenizer(tokenizer)
    right, weights = numbers % 3, np.ones(37, dtype=np.float32)
    return EncodedTexts({"input_ids": ids}, numbers, {"labels": right}, right, vocabulary, weights)


@pytest.fixture(scope="module")
def vocabulary(tokenizer):
    return Vocabulary.from_tokenizer(tokenizer)


def machine(batch_cells=64):
    return Machine(torch.device("cpu"), bf16=False, batch_cells=batch_cells)


LOGITS = Statistic("logits", lambda predictions, references: np.asarray(predictions))
"""The answers themselves."""


def asked(model, examples, trials, on_progress=lambda rows: None, batch_cells=64) -> Records:
    request = Request(TASK, [LOGITS, ACCURACY.statistic], None, machine(batch_cells))
    return ask(model, examples, trials, request, on_progress)


def answers_of(records: Records) -> np.ndarray:
    return records.by_statistic["logits"]


def masking(ratio, fill="mask-token"):
    return Masking.from_dict({"pattern": "iid", "budget": {"ratio": ratio}, "fill": fill, "unit": "word"})


TRIALS = [Trial(), *(Trial(masking(0.5), draw) for draw in range(3)), Trial(masking(0.9), 0)]


def test_answers_come_back_in_the_order_asked(examples, vocabulary):
    model = Counter(vocabulary.size)
    found = asked(model, examples, TRIALS)
    answers = answers_of(found)
    assert answers.shape == (5, 37, 3)
    assert answers.dtype == np.float32
    assert np.array_equal(found.by_statistic["hit"][..., 0], answers.argmax(-1) == examples.right)
    for row in (0, 13, 36):
        plain = {"input_ids": torch.from_numpy(examples.inputs["input_ids"][row].astype(np.int64))[None]}
        plain["attention_mask"] = torch.ones_like(plain["input_ids"])
        for i, trial in enumerate(TRIALS):
            given = plain
            if trial.masking is not None:
                ids = [int(examples.example_ids[row])]
                given = trial.masking(
                    plain, vocabulary=vocabulary, example_ids=ids, seed=EVALUATION_SEED, epoch=trial.draw
                ).inputs
            expected = model(**given).logits[0].numpy()
            assert answers[i, row] == pytest.approx(expected, abs=1e-5)


def test_a_few_examples_are_answered_again_as_they_were(examples, vocabulary):
    model = Counter(vocabulary.size)
    answers = answers_of(asked(model, examples, TRIALS))
    request = Request(TASK, [], None, machine())
    for i, trial in enumerate(TRIALS):
        again = predictions_of(model, examples, [30, 2, 11], trial, request)
        assert set(again) == {30, 2, 11}
        for row, prediction in again.items():
            assert prediction == pytest.approx(answers[i, row], abs=1e-5)


def test_records_may_be_objects_of_any_kind(examples, vocabulary):
    def noted(predictions, references):
        records = np.empty(len(predictions), dtype=object)
        for place, (logits, right) in enumerate(zip(predictions, references, strict=True)):
            records[place] = {"of": int(right), "says": int(logits.argmax())}
        return records

    request = Request(TASK, [Statistic("objects", noted), ACCURACY.statistic], None, machine())
    found = ask(Counter(vocabulary.size), examples, TRIALS, request)
    objects = found.by_statistic["objects"]
    assert objects.shape == (5, 37)
    assert [one["of"] for one in objects[3]] == examples.right.tolist()
    hits = [[one["of"] == one["says"] for one in row] for row in objects]
    assert np.array_equal(hits, found.by_statistic["hit"][..., 0])


@pytest.mark.parametrize(("batch_cells", "batches"), [(1, 1), (64, 2), (10_000, 1000)])
def test_batching_changes_no_answer(examples, vocabulary, monkeypatch, batch_cells, batches):
    model = Counter(vocabulary.size)
    expected = asked(model, examples, TRIALS)
    monkeypatch.setattr(module, "POOL_BATCHES", batches)
    found = asked(model, examples, TRIALS, batch_cells=batch_cells)
    assert answers_of(found) == pytest.approx(answers_of(expected), abs=1e-5)
    assert np.array_equal(found.hidden, expected.hidden)
    assert found.work == expected.work


def test_a_pool_is_bounded_by_the_batch_over_all_trials(examples):
    for trials in (TRIALS[:1], TRIALS, 20 * TRIALS):
        for pool in pools(examples, trials, machine(80)):
            cells = sum(part.inputs["input_ids"].numel() for part in pool.parts)
            assert cells <= module.POOL_BATCHES * 80 or len(pool.rows) == 1


def test_two_models_see_the_same_masks(examples, vocabulary):
    one, other = Counter(vocabulary.size), Counter(vocabulary.size)
    for model in (one, other):
        asked(model, examples, TRIALS)
    assert all(torch.equal(a[0], b[0]) for a, b in zip(one.seen, other.seen, strict=True))


def test_whole_texts_are_read_once_and_unmasked(examples, vocabulary):
    model = Counter(vocabulary.size)
    found = asked(model, examples, [Trial()])
    assert sum(len(ids) for ids, _ in model.seen) == len(examples)
    assert not any((ids == vocabulary.mask_id).any() for ids, _ in model.seen)
    assert (found.hidden == 0).all()
    assert found.work == examples.lengths.sum()


def test_draws_differ_and_the_share_is_right_on_average(examples, vocabulary):
    found = asked(Counter(vocabulary.size), examples, TRIALS)
    assert not np.array_equal(answers_of(found)[1], answers_of(found)[2])
    assert found.hidden[1:4].mean() == pytest.approx(0.5, abs=0.05)
    assert found.hidden[4].mean() == pytest.approx(0.9, abs=0.05)


def test_dropped_tokens_are_not_paid_for(examples, vocabulary):
    model = Counter(vocabulary.size)
    trials = [Trial(), *(Trial(masking(0.5, "drop"), draw) for draw in range(2))]
    found = asked(model, examples, trials)
    words = examples.lengths.sum() - 2 * len(examples)
    assert found.work == pytest.approx(examples.lengths.sum() + 2 * (2 * len(examples) + words / 2), rel=0.03)
    padding = sum(int((attended == 0).sum()) for _, attended in model.seen)
    assert padding < 0.1 * found.work
    assert not any((ids == vocabulary.mask_id).any() for ids, _ in model.seen)


def test_batches_keep_to_the_budget_of_cells(examples):
    asked_rows = 0
    for pool in pools(examples, TRIALS, machine()):
        shapes = [hidden.inputs["input_ids"].shape for _, hidden in examples.joined(pool.parts, 64)]
        assert all(rows * longest <= 64 or rows == 1 for rows, longest in shapes)
        asked_rows += sum(rows for rows, _ in shapes)
    assert asked_rows == len(examples) * len(TRIALS)


def test_progress_counts_every_row(examples, vocabulary):
    done = []
    asked(Counter(vocabulary.size), examples, TRIALS, done.append)
    assert sum(done) == len(examples) * len(TRIALS)


def test_too_little_memory_is_told(examples, vocabulary):
    class Greedy(Counter):
        def forward(self, input_ids, attention_mask):
            raise torch.OutOfMemoryError

    with pytest.raises(RunError, match=r"64 tokens in a batch.*smaller evaluation\.batch_size"):
        asked(Greedy(vocabulary.size), examples, [Trial()])

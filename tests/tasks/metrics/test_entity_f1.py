"""Entity F1 is seqeval's, in every scheme, on the examples and on resamples of them."""

import warnings

import numpy as np
import pytest
from seqeval.metrics import classification_report, f1_score
from seqeval.scheme import BILOU, IOBES

from maskwright.data.tagging.schemes import Scheme, Tagging
from maskwright.tasks.metrics.entity_f1 import ENTITY_F1, MENTIONS, counts_by_type
from tests.tasks.metrics.resamples import check_resamples, value_of

TYPES = ("PER", "LOC", "MISC")
LETTERS = {"IOB1": "BI", "IOB2": "BI", "BIOES": "BIES", "BILOU": "BILU", "IO": "I"}
STRICT = {"BIOES": {"mode": "strict", "scheme": IOBES}, "BILOU": {"mode": "strict", "scheme": BILOU}}


def random_tags(name: str, rng: np.random.Generator, n: int) -> list[str]:
    """Any tags of a scheme in any order, so that most break its rules."""
    letters = LETTERS[name]
    return ["O" if rng.random() < 0.4 else f"{rng.choice(list(letters))}-{rng.choice(TYPES)}" for _ in range(n)]


def sentences(name: str, seed: int = 0) -> tuple[list[list[str]], list[list[str]]]:
    """True tags, and answers that agree with them in most words."""
    rng = np.random.default_rng(seed)
    true = [random_tags(name, rng, int(rng.integers(1, 12))) for _ in range(40)]
    said = [
        [old if rng.random() < 0.8 else new for old, new in zip(tags, random_tags(name, rng, len(tags)), strict=True)]
        for tags in true
    ]
    return said, true


def taggings(rows, scheme) -> np.ndarray:
    made = np.empty(len(rows), dtype=object)
    made[:] = [Tagging.of(row, scheme) for row in rows]
    return made


def quietly(function, *arguments, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*arguments, **options)


@pytest.mark.parametrize("name", LETTERS)
def test_it_is_seqevals(name):
    said, true = sentences(name)
    scheme = Scheme(name)

    def plain(answers, truths):
        rows = [[list(one.tags) for one in some] for some in (truths, answers)]
        return quietly(f1_score, *rows, **STRICT.get(name, {}))

    check_resamples(ENTITY_F1, taggings(said, scheme), taggings(true, scheme), plain)


@pytest.mark.parametrize("name", LETTERS)
def test_so_are_the_scores_of_every_type(name):
    from maskwright.tasks.tagging.report import scores_by_type

    said, true = sentences(name, seed=1)
    scheme = Scheme(name)
    records = MENTIONS.of(taggings(said, scheme), taggings(true, scheme))
    report = quietly(classification_report, true, said, output_dict=True, **STRICT.get(name, {}))
    scores = scores_by_type(records[None])
    assert set(scores) == set(report) - {"micro avg", "macro avg", "weighted avg"}
    for kind, found in scores.items():
        expected = [report[kind][part] for part in ("precision", "recall", "f1-score", "support")]
        assert found == pytest.approx(expected)


def test_types_alone_are_runs():
    scheme = Scheme("IO", lettered=False)
    said, true = [["PER", "PER", "O"]], [["PER", "LOC", "O"]]
    assert value_of(ENTITY_F1, taggings(said, scheme), taggings(true, scheme)) == 0.0
    assert value_of(ENTITY_F1, taggings(true, scheme), taggings(true, scheme)) == 1.0


def test_nothing_said_where_nothing_is_is_right():
    scheme = Scheme("IOB2")
    records = MENTIONS.of(taggings([["O"], ["B-PER"], ["O"]], scheme), taggings([["O"], ["O"], ["B-PER"]], scheme))
    assert ENTITY_F1.each(MENTIONS.summable(records[None])).tolist() == [1.0, 0.0, 0.0]


def test_no_type_at_all():
    scheme = Scheme("IOB2")
    records = MENTIONS.of(taggings([["O"]], scheme), taggings([["O"]], scheme))
    types, counts = counts_by_type(records[None])
    assert (types, counts.shape) == ([], (1, 0))


def test_chance_is_nothing():
    assert ENTITY_F1.chance_of([]) == 0.0

"""Exact match counts texts that are the reference."""

import numpy as np

from maskwright.tasks.metrics.exact_match import EXACT_MATCH
from maskwright.tasks.metrics.generated_text import GeneratedText
from tests.tasks.metrics.made_up_texts import texts
from tests.tasks.metrics.resamples import check_resamples, value_of


def same(answers, references):
    return float(np.mean([a.text.split() == str(r).split() for a, r in zip(answers, references, strict=True)]))


def test_on_examples_and_resamples():
    answers, references = texts()
    assert 0.05 < value_of(EXACT_MATCH, answers, references) < 0.9
    check_resamples(EXACT_MATCH, answers, references, same)


def test_letters_count_and_the_width_of_blanks_does_not():
    written = [GeneratedText(text) for text in ("5 kg de riz", "Riz", "riz", "riz.")]
    assert value_of(EXACT_MATCH, written, ["5\u00a0kg  de riz", "riz", " riz\n", "riz"]) == 0.5


def test_each_example_is_right_or_wrong():
    assert EXACT_MATCH.counts

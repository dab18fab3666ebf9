"""Perplexity is a mean over tokens, not over texts."""

import math

import numpy as np
import pytest

from maskwright.tasks.metrics.generated_text import GeneratedText
from maskwright.tasks.metrics.perplexity import PERPLEXITY
from tests.tasks.metrics.made_up_texts import texts
from tests.tasks.metrics.resamples import check_resamples, value_of


def plain(answers, references):
    del references
    return math.exp(sum(one.nll for one in answers) / sum(one.tokens for one in answers))


def test_on_examples_and_resamples():
    check_resamples(PERPLEXITY, *texts(), plain)


def test_longer_references_count_more():
    answers = [GeneratedText("", 9 * math.log(2), 9), GeneratedText("", math.log(1024), 1)]
    assert value_of(PERPLEXITY, answers, ["", ""]) == pytest.approx(math.exp(1.9 * math.log(2)))


def test_without_tokens_there_is_none():
    assert np.isnan(value_of(PERPLEXITY, [GeneratedText("", 0.0, 0)], [""]))

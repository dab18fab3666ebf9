"""chrF is sacreBLEU's, of corpora and of resamples."""

import numpy as np
import pytest
import sacrebleu

from maskwright.tasks.metrics.chrf import CHRF
from maskwright.tasks.metrics.generated_text import GeneratedText
from tests.tasks.metrics.made_up_texts import texts
from tests.tasks.metrics.resamples import check_resamples, value_of


def corpus(answers, references):
    return sacrebleu.CHRF().corpus_score([one.text for one in answers], [[str(one) for one in references]]).score


def test_on_corpora_and_resamples_it_is_sacrebleu():
    answers, references = texts()
    assert value_of(CHRF, answers, references) == pytest.approx(corpus(answers, references), abs=1e-9)
    check_resamples(CHRF, answers, references, corpus)


@pytest.mark.parametrize("pair", [("abc", "abc"), ("", "abc"), ("x", "abcdefg"), ("a b", "ab"), ("abcdefgh", "ab")])
def test_corners_are_those_of_sacrebleu(pair):
    written = [GeneratedText(pair[0])]
    assert value_of(CHRF, written, [pair[1]]) == pytest.approx(corpus(written, [pair[1]]), abs=1e-9)


def test_an_answer_that_ignores_the_text_shares_letters_with_the_reference():
    assert 5 < CHRF.chance_of(texts()[1]) < value_of(CHRF, *texts())


def test_on_its_own_a_sentence_is_scored_as_sacrebleu_scores_sentences():
    answers, references = texts()
    each = CHRF.each(CHRF.statistic.summable(CHRF.statistic.of(answers, references)[None]))
    expected = [sacrebleu.CHRF().sentence_score(a.text, [r]).score for a, r in zip(answers, references, strict=True)]
    np.testing.assert_allclose(each, expected, atol=1e-9)

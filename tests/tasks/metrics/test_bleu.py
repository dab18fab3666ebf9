"""BLEU is sacreBLEU's, of corpora, of resamples and of single sentences."""

import sys

import numpy as np
import pytest
import sacrebleu

from maskwright.errors import ConfigError
from maskwright.tasks.metrics.bleu import BLEU, scorer
from maskwright.tasks.metrics.bleu_characters import BLEU_CHARACTERS
from maskwright.tasks.metrics.generated_text import GeneratedText
from tests.tasks.metrics.made_up_texts import texts
from tests.tasks.metrics.resamples import check_resamples, value_of

BOTH = [(BLEU, "13a"), (BLEU_CHARACTERS, "char")]


def corpus(tokenizer):
    return lambda answers, references: (
        sacrebleu.BLEU(tokenize=tokenizer)
        .corpus_score([one.text for one in answers], [[str(one) for one in references]])
        .score
    )


@pytest.mark.parametrize(("metric", "tokenizer"), BOTH, ids=["words", "characters"])
def test_on_corpora_and_resamples_it_is_sacrebleu(metric, tokenizer):
    answers, references = texts()
    value = value_of(metric, answers, references)
    assert value == pytest.approx(corpus(tokenizer)(answers, references), abs=1e-9)
    assert 5 < value < 95
    check_resamples(metric, answers, references, corpus(tokenizer))


@pytest.mark.parametrize(
    ("answers", "references"),
    [
        (["a b c d e"], ["a b c d e"]),
        (["a b c"], ["a b c"]),  # no sequence of four words: 0 of a corpus
        ([""], ["a b c d"]),
        (["x"], ["a b c d"]),
        (["a b x d e f"], ["a b c d e f"]),
        (["a x b x c x d"], ["a b c d"]),
        (["a b c d", ""], ["a b c d e f", "g"]),
        (["a b c d e f g h"], ["a b c d"]),
    ],
)
def test_corners_are_those_of_sacrebleu(answers, references):
    written = [GeneratedText(text) for text in answers]
    assert value_of(BLEU, written, references) == pytest.approx(corpus("13a")(written, references), abs=1e-9)


def test_on_its_own_a_sentence_is_scored_as_sacrebleu_scores_sentences():
    answers, references = texts()
    each = BLEU.each(BLEU.statistic.summable(BLEU.statistic.of(answers, references)[None]))
    sentence = sacrebleu.BLEU(effective_order=True).sentence_score
    expected = [sentence(one.text, [two]).score for one, two in zip(answers, references, strict=True)]
    np.testing.assert_allclose(each, expected, atol=1e-9)
    assert each[0] == pytest.approx(100)


def test_an_answer_that_ignores_the_text_is_the_reference_of_another_one():
    references = ["le chat de la mer", "le chien de la mer", "une autre phrase ici", "trois mots seulement"]
    chance = BLEU.chance_of(references)
    assert chance == pytest.approx(corpus("13a")([GeneratedText(references[i]) for i in (2, 3, 0, 1)], references))
    assert BLEU.chance_of(references[:1]) == 0.0
    assert 0 < BLEU.chance_of(texts()[1]) < value_of(BLEU, *texts())


def test_without_sacrebleu_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sacrebleu.metrics", None)
    scorer.cache_clear()
    with pytest.raises(ConfigError, match=r"pip install 'maskwright\[translation\]'"):
        BLEU.statistic.of([GeneratedText("a")], ["a"])
    scorer.cache_clear()

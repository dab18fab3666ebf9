import numpy as np
import pytest
from seqeval.metrics import accuracy_score

from maskwright.tasks.metrics.token_accuracy import TOKEN_ACCURACY
from tests.tasks.metrics.resamples import check_resamples, value_of
from tests.tasks.metrics.test_entity_f1 import Scheme, sentences, taggings


def test_it_is_seqevals():
    said, true = (taggings(rows, Scheme("IOB2")) for rows in sentences("IOB2"))

    def plain(answers, truths):
        return accuracy_score(*([list(one.tags) for one in some] for some in (truths, answers)))

    check_resamples(TOKEN_ACCURACY, said, true, plain)


def test_chance_is_the_most_frequent_tag():
    _, rows = sentences("IOB2", seed=3)
    true = taggings(rows, Scheme("IOB2"))
    tags = [tag for row in rows for tag in row]
    most = max(set(tags), key=tags.count)
    always = taggings([[most] * len(row) for row in rows], Scheme("IOB2"))
    assert TOKEN_ACCURACY.chance_of(list(true)) == pytest.approx(value_of(TOKEN_ACCURACY, always, true))
    assert np.isclose(TOKEN_ACCURACY.chance_of(list(true)), tags.count(most) / len(tags))

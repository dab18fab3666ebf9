"""Tags of many sentences at once: the same mentions and faults as sentence by sentence."""

import re
import sys

import numpy as np
import pytest

from maskwright.data.flat_lists import Coded
from maskwright.data.tagging.checks import BLANKS, PARTS_OF_BLANKS
from maskwright.data.tagging.rules import RULES, FlatTags, faults_of
from maskwright.data.tagging.schemes import Scheme, Tagging

SCHEMES = {
    Scheme("IOB1"): "O B-PER I-PER I-LOC B-LOC",
    Scheme("IOB2"): "O B-PER I-PER B-LOC I-LOC B I",
    Scheme("BIOES"): "O B-PER I-PER E-PER S-PER I-LOC E-LOC",
    Scheme("BILOU"): "O B-PER I-PER L-PER U-PER B-LOC L-LOC",
    Scheme("IO"): "O I-PER I-LOC",
    Scheme("IO", lettered=False): "O PER LOC B-LIKE",
}


def made_up(tags, seed=0, rows=400):
    """Sentences of 0 to 8 tags at random."""
    rng = np.random.default_rng(seed)
    return [rng.choice(tags.split(), rng.integers(0, 9)).tolist() for _ in range(rows)]


@pytest.mark.parametrize("scheme", SCHEMES, ids=str)
def test_mentions_are_those_of_seqeval(scheme):
    rows = made_up(SCHEMES[scheme])
    tags = FlatTags.of(Coded.of_lists(rows), scheme)
    starts = np.cumsum([0, *map(len, rows)])
    of_row = {row: set() for row in range(len(rows))}
    for first, stop, kind in zip(*vars(tags.mentions).values(), strict=True):
        row = int(np.searchsorted(starts, first, side="right")) - 1
        of_row[row].add((tags.types[kind], int(first - starts[row]), int(stop - starts[row])))
    for row, sentence in enumerate(rows):
        assert of_row[row] == Tagging.of(sentence, scheme).mentions, sentence


@pytest.mark.parametrize("scheme", SCHEMES, ids=str)
def test_neighbouring_sentences_make_no_difference(scheme):
    rows = made_up(SCHEMES[scheme], seed=1)
    together = FlatTags.of(Coded.of_lists(rows), scheme).faults
    alone = [dict(faults_of(row, scheme)) for row in rows]
    assert [RULES[fault] for fault in together] == [
        faults.get(word, "") for row, faults in zip(rows, alone, strict=True) for word in range(len(row))
    ]


def test_blanks_are_those_that_python_splits_at():
    pattern = re.compile(re.sub(r"\\x\{([0-9a-f]{4})\}", r"\\u\1", BLANKS))
    for letter in map(chr, range(sys.maxunicode + 1)):
        assert bool(pattern.fullmatch(letter)) == letter.isspace()
        assert not letter.isspace() or PARTS_OF_BLANKS[letter.encode()[0]]

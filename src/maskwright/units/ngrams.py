"""Collocations as units: tokens that belong together, found by their mutual information (PMI-Masking).

If "New" is hidden and "York" is not, nothing has to be understood to fill the gap. `NGramTable.learn` finds such runs
of tokens in a corpus once; `word_ids` then makes each of them one unit, for `Masking(unit="word")` with the fact
`word_ids`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from maskwright.backend.arrays import Array, arange, cumulative_max, gather, like, namespace, running_count, to_dtype
from maskwright.errors import ConfigError, DataError, MaskingError, Problem
from maskwright.units.text import text_units
from maskwright.units.vocabulary import Vocabulary

_BASE = 0x5851F42D4C957F2D  # odd, so that multiplication by it is one-to-one modulo 2**64


@dataclass(frozen=True, eq=False)
class NGramTable:
    """Runs of 2 to `max_n` token ids that are hidden whole.

    Source: Levine et al. 2021, PMI-Masking (arXiv:2010.01825). There runs of words are ranked for each length, on a
    corpus and with a size of table of their own; here they are runs of tokens, ranked together.

    Attributes:
        ngrams: the runs, best first.
        scores: their mutual information, in nats.

    >>> table = NGramTable.learn([[1, 2, 3], [4, 1, 2], [3, 4], [1, 2, 4], [3, 3]], min_count=3)
    >>> table.ngrams
    ((1, 2),)
    >>> table.word_ids(np.array([[4, 1, 2, 3]])).tolist()
    [[0, 1, 1, 2]]
    """

    ngrams: tuple[tuple[int, ...], ...]
    scores: tuple[float, ...] = field(repr=False)

    @classmethod
    def learn(
        cls, rows: Iterable[Sequence[int]], *, max_n: int = 5, size: int = 10_000, min_count: int = 10
    ) -> NGramTable:
        """Find collocations in a corpus.

        The mutual information of a run is the logarithm of its frequency over the product of the frequencies of its
        parts, for the way of cutting it into parts that explains it best; a run counts if that is above 0.

        Args:
            rows: token ids of the texts, without special tokens; runs do not cross from one to the next.
            max_n: longest run, 2 to 16 tokens.
            size: keep at most so many.
            min_count: leave out runs that occur less often; rare runs look as if they belonged together.

        Raises:
            ConfigError: numbers out of range.
        """
        if not 2 <= max_n <= 16 or size < 1 or min_count < 1:
            raise ConfigError(
                "NGramTable: expected max_n from 2 to 16, size and min_count of 1 or more, given "
                f"max_n={max_n}, size={size}, min_count={min_count}."
            )
        texts = [np.asarray(row, dtype=np.int64) for row in rows]
        texts = [row for row in texts if len(row)]
        if not texts:
            return cls((), ())
        corpus = np.concatenate(texts)
        left = np.concatenate([np.arange(len(row), 0, -1) for row in texts])  # tokens to the end of the text
        scored = _scored(corpus, left, max_n, min_count)
        scored.sort(key=lambda entry: (-entry[0], entry[1]))
        return cls(tuple(run for _, run in scored[:size]), tuple(score for score, _ in scored[:size]))

    def save(self, path: str | Path) -> None:
        """Write the table as JSON."""
        content = {"ngrams": self.ngrams, "scores": self.scores}
        Path(path).write_text(json.dumps(content), encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> NGramTable:
        """Read a table that `save` wrote.

        Raises:
            DataError: not such a file.
        """
        try:
            content = json.loads(Path(path).read_text(encoding="utf-8"))
            runs = tuple(tuple(map(int, run)) for run in content["ngrams"])
            scores = tuple(map(float, content["scores"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            problem = Problem(str(path), f"not a table of n-grams ({error})", "Write one with NGramTable.save.")
            raise DataError([problem]) from error
        if len(runs) != len(scores) or any(len(run) < 2 for run in runs):
            problem = Problem(str(path), "runs of one token, or scores missing", "Write one with NGramTable.save.")
            raise DataError([problem])
        return cls(runs, scores)

    def word_ids(self, ids: Array, vocabulary: Vocabulary | None = None, attended: Array | None = None) -> Array:
        """Number the units of a batch, where each collocation is one: from left to right the longest that fits.

        Args:
            ids: [B, L] token ids, NumPy or torch.
            vocabulary: of the ids; then words stay whole too, and special tokens belong to no unit.
            attended: [B, L] bool, False for padding; all True if left out.

        Returns:
            [B, L] int64: equal neighbours are one unit, -1 is none. The fact `word_ids` of a `Masking`.
        """
        namespace(ids)
        if ids.ndim != 2:
            raise MaskingError(f"word_ids: expected ids [B, L], given shape {tuple(ids.shape)}.")
        cells = ids == ids if attended is None else attended
        starts = cells
        if vocabulary is not None:
            words = text_units(ids, cells, vocabulary, "word")
            cells, starts = words.hideable, _changes(words.groups, words.hideable)
        inside = self._inside(ids, cells)
        xp = namespace(ids)
        units = to_dtype(running_count(starts & ~inside), "int64") - 1
        return xp.where(cells, units, xp.full_like(units, -1))

    @cached_property
    def _hashes(self) -> dict[int, np.ndarray]:
        """Sorted hashes of the runs, by their length."""
        by_length: dict[int, list[tuple[int, ...]]] = {}
        for run in self.ngrams:
            by_length.setdefault(len(run), []).append(run)
        return {n: np.sort(_hash(np.array(runs), n)[:, 0]) for n, runs in sorted(by_length.items())}

    def _inside(self, ids: Array, cells: Array) -> Array:
        """[B, L] bool, the cell belongs to a collocation that began before it."""
        xp = namespace(ids)
        length = ids.shape[1]
        size = to_dtype(cells, "int64") * 0 + 1
        together = running_count(~cells)  # a run holds no cell that is none
        for n, table in self._hashes.items():
            if n > length:
                break
            hashes = like(table, ids)
            value = _hash(to_dtype(ids, "int64"), n)
            at = xp.searchsorted(hashes, value.reshape(-1)).reshape(tuple(value.shape))
            hit = hashes[xp.where(at < hashes.shape[0], at, 0)] == value
            hit = hit & cells[:, : length - n + 1] & (together[:, n - 1 :] == together[:, : length - n + 1])
            size[:, : length - n + 1][hit] = n
        begins = _visited(arange(length, ids)[None, :] + size)
        # The last cell that a unit began at, and how far that unit reaches.
        place = arange(length, ids)[None, :]
        reach = gather(place + size, cumulative_max(xp.where(begins, place, 0))) if length else place + size
        return ~begins & (place < reach)


def _hash(ids: Array, n: int) -> Array:
    """[B, L - n + 1] int64, a polynomial of every window of n ids, modulo 2**64."""
    width = ids.shape[1] - n + 1
    value = ids[:, :width] * 0
    for offset in range(n):
        value = value * _BASE + (ids[:, offset : offset + width] + 1)
    return value


def _visited(following: Array) -> Array:
    """[B, L] bool, the cells met when each row is walked from its first by jumps; in log2(L) rounds.

    Args:
        following: [B, L] int64, the place after each, L or more for the end.
    """
    xp = namespace(following)
    examples, length = following.shape
    end = xp.full_like(following[:, :1], length)
    jump = xp.concat([xp.where(following < length, following, length), end], axis=1)
    met = xp.zeros_like(jump) == 1
    met[:, :1] = True
    rows = arange(examples, following)[:, None] * (length + 1)
    for _ in range(max(1, length).bit_length()):
        met.reshape(-1)[(rows + jump)[met]] = True
        jump = gather(jump, jump)
    return met[:, :length]


def _changes(groups: Array, cells: Array) -> Array:
    """[B, L] bool, the first cell of each group."""
    xp = namespace(groups)
    changed = (groups[:, 1:] != groups[:, :-1]) | ~cells[:, :-1]
    return cells & xp.concat([cells[:, :1], changed], axis=1)


def _scored(corpus: np.ndarray, left: np.ndarray, max_n: int, min_count: int) -> list[tuple[float, tuple[int, ...]]]:
    """(score, run) of every run that occurs often enough and is more frequent than its parts explain."""
    codes = np.unique(corpus, return_inverse=True)[1]
    counts = np.bincount(codes)
    # By length: the code of the run that begins at each place of the corpus (-1 for none), and for each code the best
    # sum of logarithms over all ways of cutting it, itself uncut included.
    code_at, best = [codes], [np.log(counts / len(corpus))]
    scored: list[tuple[float, tuple[int, ...]]] = []
    for n in range(2, max_n + 1):
        places = np.flatnonzero((left >= n) & (code_at[-1] >= 0))
        places = places[code_at[n - 2][places + 1] >= 0]  # what is frequent has frequent parts
        pairs = code_at[n - 2][places] * (1 << 31) + codes[places + n - 1]
        _, first, inverse, count = np.unique(pairs, return_index=True, return_inverse=True, return_counts=True)
        frequent = count >= min_count
        if not frequent.any():
            break
        number = np.where(frequent, np.cumsum(frequent) - 1, -1)
        here = np.full(len(corpus), -1)
        here[places] = number[inverse]
        first = places[first[frequent]]
        whole = np.log(count[frequent] / np.count_nonzero(left >= n))
        cuts = [
            best[k - 1][code_at[k - 1][first]] + best[n - k - 1][code_at[n - k - 1][first + k]] for k in range(1, n)
        ]
        parts = np.max(cuts, axis=0)
        scored += [
            (float(score), tuple(corpus[place : place + n].tolist()))
            for score, place in zip(whole - parts, first, strict=True)
            if score > 0
        ]
        code_at.append(here)
        best.append(np.maximum(whole, parts))
    return scored

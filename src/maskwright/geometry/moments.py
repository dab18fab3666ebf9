"""The first two moments of masks in closed form.

For the visible multiplier M = ~mask of a grid of d cells, flattened: m = E[M], [d], and S = E[M M^T], [d, d], so that
S_jj = m_j. With these the loss of a linear model under the mask, and the penalty that masking amounts to, are known
exactly: E|y - (X*M) w|^2 = |y - X diag(m) w|^2 + w^T (X^T X * (S - m m^T)) w.

Most laws need only the chance a_j that one object (a span, a rectangle) hides cell j, and the chance a_jl that it hides
both j and l; see `covered`. Everything is float64 on NumPy.

>>> m, S = exact_count(4, 1)
>>> float(m[0]), round(float(S[0, 1]), 3)
(0.75, 0.5)
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from maskwright.errors import ConfigError

Moments = tuple[np.ndarray, np.ndarray]


def bernoulli(cells: int, ratio: float) -> Moments:
    """Each cell hidden by itself with probability p: m = q, S_jl = q^2, q = 1 - p."""
    return random_ratio(cells, ratio, 0.0)


def random_ratio(cells: int, mean: float, variance: float) -> Moments:
    """A ratio drawn per example from a law with this mean and variance, and each cell hidden by itself given it.

    m = 1 - E[p], S_jl = (1 - E[p])^2 + Var[p]; for U(a, b) the mean is (a + b) / 2 and the variance (b - a)^2 / 12.
    """
    return _with_diagonal(np.full(cells, 1.0 - mean), np.full((cells, cells), (1.0 - mean) ** 2 + variance))


def exact_count(cells: int, count: int) -> Moments:
    """Exactly k of d cells hidden, every choice alike: m = 1 - k/d, S_jl = (d-k)(d-k-1) / (d(d-1))."""
    return exact_groups(np.arange(cells), count)


def groups(group: np.ndarray, ratio: float) -> Moments:
    """Groups of cells (blocks, patches, words) hidden whole and by themselves with probability p.

    m = q, S_jl = q in the same group and q^2 otherwise.

    Args:
        group: the group of each cell, whole numbers of any shape (flattened).
        ratio: p.
    """
    q = 1.0 - ratio
    return np.full(np.size(group), q), np.where(_same(group), q, q * q)


def exact_groups(group: np.ndarray, count: int) -> Moments:
    """Exactly k of B groups hidden: m = 1 - k/B, S_jl = m in the same group and (B-k)(B-k-1) / (B(B-1)) otherwise."""
    number = len(np.unique(group))
    shown = number - min(max(count, 0), number)
    m, both = shown / max(number, 1), shown * (shown - 1) / max(number * (number - 1), 1)
    return np.full(np.size(group), m), np.where(_same(group), m, both)


def covered(cells: int, length: int) -> Moments:
    """a_j and a_jl of one span of s cells whose start is uniform over 0 ... L - s; cells near the ends are hit less.

    a_j = (min(j, L-s) - max(0, j-s+1) + 1) / (L-s+1), a_jl = max(0, min(j, l, L-s) - max(0, max(j, l)-s+1) + 1) /
    (L-s+1).
    """
    if not 1 <= length <= cells:
        raise ConfigError(f"covered: expected a span of 1 to {cells} cells, given {length}.")
    starts = cells - length
    j = np.arange(cells)
    low, high = np.minimum(j[:, None], j), np.maximum(j[:, None], j)
    both = np.maximum(0, np.minimum(low, starts) - np.maximum(0, high - length + 1) + 1) / (starts + 1)
    return np.diagonal(both).copy(), both


def covered_of_lengths(cells: int, shares: Sequence[float]) -> Moments:
    """a_j and a_jl of one span of random length: the mean over lengths 1, 2, ... with these probabilities."""
    if not np.isclose(sum(shares), 1.0):
        raise ConfigError(f"covered_of_lengths: expected probabilities that sum to 1, given a sum of {sum(shares):g}.")
    parts = [(share, covered(cells, length)) for length, share in enumerate(shares, 1) if share]
    one = np.sum([share * one for share, (one, _) in parts], axis=0)
    return one, np.sum([share * both for share, (_, both) in parts], axis=0)


def covered_by_box(sizes: Sequence[int], lengths: Sequence[int]) -> Moments:
    """a_j and a_jl of one box at a uniform place: the products over the axes, on the flattened grid."""
    one, both = np.ones(1), np.ones((1, 1))
    for cells, length in zip(sizes, lengths, strict=True):
        along, pair = covered(cells, length)
        one, both = np.kron(one, along), np.kron(both, pair)
    return one, both


def several(cover: Moments, number: int) -> Moments:
    """A number n of objects placed by themselves: m = (1 - a_j)^n, S_jl = (1 - a_j - a_l + a_jl)^n."""
    one, both = cover
    # Rounding may leave a hair below 0 where nothing of the two can stay visible.
    return (1 - one) ** number, np.maximum(1 - one[:, None] - one + both, 0.0) ** number


def poisson(cover: Moments, mean: float) -> Moments:
    """A Poisson number of objects: m = exp(-lambda a_j), S_jl = exp(-lambda (a_j + a_l - a_jl))."""
    one, both = cover
    return np.exp(-mean * one), np.exp(-mean * (one[:, None] + one - both))


def started(cells: int, length: int, chance: float) -> Moments:
    """Spans of s cells that start at every cell with probability rho (wav2vec2, with starts up to the last cell).

    Cell j is visible if none of the cells W_j = max(0, j-s+1) ... j starts one: m = (1-rho)^|W_j|, S_jl =
    (1-rho)^|W_j or W_l|. Source: Baevski et al. 2020 (arXiv:2006.11477), before its counts are fixed.
    """
    j = np.arange(cells)
    window = np.minimum(j + 1, length)
    low, high = np.minimum(j[:, None], j), np.maximum(j[:, None], j)
    shared = np.maximum(0, low - np.maximum(0, high - length + 1) + 1)
    return (1 - chance) ** window, (1 - chance) ** (window[:, None] + window - shared)


def circle_spans(cells: int, length: int, count: int) -> Moments:
    """The pattern `span` of a constant length: k of d cells of a circle, in spans in random order, the last one cut.

    The circle is cut into spans of s cells from a random place on; the last of them has r cells, r < s where s does not
    divide d. m = 1 - k/d, and S_jl depends on the distance around the circle alone: P(both hidden) is the mean over the
    places of the cut of what `_pairs_of_spans` gives for the two spans, and S_jl = 1 - 2k/d + P.
    """
    count = min(max(count, 0), cells)
    place = np.arange(cells)
    span, within = place // length, place % length
    different, same, with_last, last_alone = _pairs_of_spans(cells, length, count)
    last = span == span[-1]
    pair = (within[:, None], within[None, :])
    hidden = np.where(span[:, None] == span, same[pair], different[pair])
    hidden = np.where(last[:, None] & ~last, with_last[pair], hidden)
    hidden = np.where(last & ~last[:, None], with_last.T[pair], hidden)
    hidden = np.where(last & last[:, None], last_alone[pair], hidden)
    at_distance = [np.mean(hidden[place, (place + distance) % cells]) for distance in range(cells)]
    both = np.array(at_distance)[np.abs(place[:, None] - place)]
    return np.full(cells, 1 - count / cells), 1 - 2 * count / cells + both


def _pairs_of_spans(cells: int, length: int, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """[s, s] chances that place u of one span and v of another, or of the same, are hidden in a random order of spans.

    For two different spans of full length, one with itself, the last one (u) with a full one (v), the last with itself.
    """
    number = -(-cells // length)
    place = np.arange(length)
    larger = np.maximum(place[:, None], place)
    different, same, with_last, last_alone = np.zeros((4, length, length))
    for turn in range(number):  # the place of the last, shorter span in the order
        # Before a full span at place p are p full ones, or p - 1 and the short one.
        before = np.delete(np.arange(number), turn) * length
        before[turn:] += (cells - (number - 1) * length) - length
        hidden = (place < count - before[:, None]).astype(float)  # [full spans, s]
        short = (place < count - turn * length).astype(float)
        total = hidden.sum(0)
        if number > 2:
            different += (np.outer(total, total) - hidden.T @ hidden) / ((number - 1) * (number - 2))
        if number > 1:
            same += total[larger] / (number - 1)
            with_last += np.outer(short, total) / (number - 1)
        last_alone += short[larger]
    return different / number, same / number, with_last / number, last_alone / number


def _same(group: np.ndarray) -> np.ndarray:
    flat = np.ravel(group)
    return flat[:, None] == flat


def _with_diagonal(m: np.ndarray, second: np.ndarray) -> Moments:
    np.fill_diagonal(second, m)
    return m, second

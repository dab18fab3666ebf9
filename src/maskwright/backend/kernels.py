"""The hottest loops, written for numba; each gives to the bit what the NumPy code gives that calls it.

Nothing is compiled here and nothing here is fast without numba: `maskwright.backend.compiled` compiles them when they
are first needed and decides whether they are used at all. All are for whole, C-contiguous arrays and one thread.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from maskwright.backend.codes import KEPT, RANDOM
from maskwright.backend.hashing import GOLDEN, ROUND_1, ROUND_2, STRIDES


def inlined(function: Any) -> Any:
    """A function that kernels call; without numba, which then compiles none, the function itself."""
    try:
        from numba.extending import register_jitable
    except Exception:
        return function
    return register_jitable(function)


# In numba, as in NumPy, an unsigned number stays one only among its like.
_1, _8, _15, _16 = np.uint32(1), np.uint32(8), np.uint32(15), np.uint32(16)
_FACTOR_1, _FACTOR_2, _STRIDE = np.uint32(ROUND_1), np.uint32(ROUND_2), np.uint32(STRIDES[0])
_27, _30, _31, _32, _LOW_16 = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(32), np.uint64(0xFFFF)
_GOLDEN = np.uint64(GOLDEN)
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_ZERO, _ONE, _7, _61 = np.uint64(0), np.uint64(1), np.uint64(7), np.uint64(61)
_BYTES, _HIGH = np.uint64(0x0101_0101_0101_0101), np.uint64(0x8080_8080_8080_8080)
# Times the lowest bit of byte n it has n in its highest three bits.
_BYTE_NUMBER = np.uint64(sum(n << (61 - 8 * n) for n in range(8)))
_SPECIAL = np.uint8(1)  # the bit of `units.vocabulary.SPECIAL`


@inlined
def _mixed(x):
    """`hashing.mix_numpy` of one uint64."""
    x = (x ^ (x >> _30)) * _MIX_1
    x = (x ^ (x >> _27)) * _MIX_2
    return x ^ (x >> _31)


@inlined
def _hashed(counter, low, high):
    """`hashing.rounds` of one uint32 counter."""
    x = np.uint32(counter + low)
    x = np.uint32(np.uint32((x ^ (x >> _16)) * _FACTOR_1) + high)
    x = np.uint32((x ^ (x >> _15)) * _FACTOR_2)
    return np.uint32(x ^ (x >> _16))


@inlined
def _passes(words, place, rest):
    """Whether a cell whose byte decided nothing is hit after all."""
    more = _mixed(words[place >> 3] + np.uint64((place & 7) + 1) * _GOLDEN) & _LOW_16
    return more < rest


@inlined
def _mix_all(start, counters, words):
    for word in range(len(words)):
        words[word] = _mixed(start + counters[word])


@inlined
def _copied(source, target):
    """Copy int64; returns the largest as unsigned, in which a negative one is larger than any other."""
    largest = np.uint64(0)
    for place in range(len(source)):
        target[place] = source[place]
        largest = max(largest, np.uint64(source[place]))
    return largest


@inlined
def _has_byte(x, value):
    """Whether a byte of the word has this value."""
    x ^= np.uint64(value) * _BYTES
    return (x - _BYTES) & ~x & _HIGH != _ZERO


@inlined
def _any_byte(words, value):
    """Whether a byte of one of the words has this value; looks at all, without a branch."""
    any_word = False
    for word in range(len(words)):
        any_word |= _has_byte(words[word], value)
    return any_word


@inlined
def _low_bytes(words, bound, low):
    """For each byte of the words whether it is less than `bound`, in the lowest bit of a byte."""
    limit, everywhere = np.uint64(bound & 0xFF) * _BYTES, bound > 255
    for word in range(len(words)):
        x = words[word]
        less = ((x | _HIGH) - (limit & ~_HIGH)) ^ ((x ^ ~limit) & _HIGH)  # byte by byte; see Warren 2012, section 2-18
        less = ((~x & limit) | (~(x ^ limit) & less)) & _HIGH
        low[word] = _BYTES if everywhere else less >> _7


@inlined
def _places(low, length, hit):
    """Where in the first `length` bytes a lowest bit is set; returns how many. Two a word need no branch."""
    hits = 0
    for word in range(len(low)):
        left = low[word]
        for _ in range(2):
            hit[hits] = 8 * word + np.int64(((left & (~left + _ONE)) * _BYTE_NUMBER) >> _61)
            hits += left != _ZERO
            left &= left - _ONE
        while left != _ZERO:
            hit[hits] = 8 * word + np.int64(((left & (~left + _ONE)) * _BYTE_NUMBER) >> _61)
            hits += 1
            left &= left - _ONE
    while hits and hit[hits - 1] >= length:
        hits -= 1
    return hits


def pad_rows(flat, lengths, left, value, out):
    """Rows that lie one after the other, each into its row of `out` [B, L], with `value` in the padding."""
    start, width = 0, out.shape[1]
    for row in range(len(lengths)):
        size = lengths[row]
        at = width - size if left else 0
        _copied(flat[start : start + size], out[row, at : at + size])
        out[row, :at] = value
        out[row, at + size :] = value
        start += size


def fill_rows(lengths, left, out):
    """1 where rows of these lengths stand in `out` [B, L], 0 in the padding."""
    width = out.shape[1]
    for row in range(len(lengths)):
        first = width - lengths[row] if left else 0
        end = first + lengths[row]
        for place in range(width):
            out[row, place] = first <= place < end


def row_keys(names, first, second, out):
    """`Rng.from_ids`."""
    for row in range(len(names)):
        out[row] = np.int64(_mixed(_mixed(np.uint64(names[row]) ^ first) + second))


def content_ids(tokens, lengths, weights, out):
    """`rng.content_ids` of rows [B, L] that are padded on the right."""
    for row in range(len(lengths)):
        total = np.int64(0)
        for place in range(lengths[row]):
            total += (tokens[row, place] + 1) * weights[place]
        out[row] = total


def chance(keys, purpose, steps, counters, out):
    """`Rng.chance`: `counters` [lines, words] of a grid's words, `out` [B, lines, cells] bool."""
    whole, first, rest = steps >> 24 > 0, np.uint8(steps >> 16 & 0xFF), np.uint64(steps & 0xFFFF)
    words, cells = np.empty(counters.shape[1], np.uint64), out.shape[2]
    lanes = words.view(np.uint8)
    for row in range(len(keys)):
        start = _mixed(np.uint64(keys[row]) ^ purpose)
        for line in range(counters.shape[0]):
            for word in range(len(words)):
                words[word] = _mixed(start + counters[line, word])
            for place in range(cells):
                out[row, line, place] = (lanes[place] < first) | whole
            if rest and _any_byte(words, first):
                for word in range(len(words)):
                    if _has_byte(words[word], first):
                        for place in range(8 * word, min(8 * word + 8, cells)):
                            if lanes[place] == first:
                                out[row, line, place] = _passes(words, place, rest)


def cell_bits(keys, purpose, counters, out):
    """`Rng.bits`: `counters` [cells], `out` [B, cells] int32."""
    for row in range(len(keys)):
        word = _mixed(np.uint64(keys[row]) ^ purpose)
        low, high = np.uint32(word), np.uint32(word >> _32)
        for place in range(len(counters)):
            out[row, place] = np.int32(_hashed(counters[place], low, high) >> _1)


def labels_at(ids, flat, ignored, out):
    """The ids at flat places, `ignored` elsewhere."""
    labels, tokens = out.reshape(-1), ids.reshape(-1)
    labels[:] = ignored
    for number in range(len(flat)):
        labels[flat[number]] = tokens[flat[number]]


def hide_tokens(texts, draws, choices, ignored, out):
    """Hide tokens that each draw for themselves.

    Three passes over a row, none with a branch that the processor cannot foresee: copy the ids; find the places that
    are hit, eight to a word, by the same draw as `Rng.chance`; put a token at each of those that may be hidden.

    Args:
        texts: the fields of `Texts`, in their order.
        draws: those of `Draws`.
        choices: those of `Choices`.
        ignored: the label of what is not hidden.
        out: those of `HiddenTokens`.

    Returns:
        How many are hidden; -1 if an id is not in the vocabulary.
    """
    ids, attention, flags, ordinary = texts
    keys, whole, hiding, choosing, drawing, steps, counters = draws
    (ends, fillings), (new, labels, mask, flat) = choices, out
    first, rest, length, hidden = steps >> 16, np.uint64(steps & 0xFFFF), ids.shape[1], 0
    words, low = np.empty(len(counters), np.uint64), np.empty(len(counters), np.uint64)
    lanes, hit = words.view(np.uint8), np.empty(8 * len(words) + 2, np.uint64)
    for row in range(len(keys)):
        tokens, fresh = ids[row], new[row]
        if _copied(tokens, fresh) >= len(flags):
            return -1
        if len(labels):
            labels[row, :] = ignored
        if len(whole) and whole[row]:
            continue
        key, kept = np.uint64(keys[row]), 0
        _mix_all(_mixed(key ^ hiding), counters, words)
        # A byte below `first` is hit; one that equals it is looked at again, with 16 bits more.
        _low_bytes(words, first + 1 if rest else first, low)
        hits = _places(low, length, hit)
        for number in range(hits):
            place = hit[number]
            fine = (flags[tokens[place]] & _SPECIAL) == 0
            if len(attention):
                fine &= attention[row, place] != 0
            if lanes[place] == first:
                fine &= _passes(words, place, rest)
            hit[kept] = place
            kept += fine
        if len(labels):
            for number in range(kept):
                labels[row, hit[number]] = tokens[hit[number]]
        if len(mask):
            for number in range(kept):
                mask[row, hit[number]] = True
        if len(flat):
            for number in range(kept):
                flat[hidden + number] = row * length + np.int64(hit[number])
        choose, draw = _mixed(key ^ choosing), _mixed(key ^ drawing)
        for number in range(kept):
            place = hit[number]
            counter, choice = np.uint32(np.uint32(place) * _STRIDE), 0
            drawn = np.int64(_hashed(counter, np.uint32(choose), np.uint32(choose >> _32)) >> _8)
            while drawn >= ends[choice]:
                choice += 1
            token = fillings[choice] if fillings[choice] != KEPT else tokens[place]
            if token == RANDOM:
                bits = np.int64(_hashed(counter, np.uint32(draw), np.uint32(draw >> _32)) >> _1)
                token = ordinary[bits * len(ordinary) >> 31]
            fresh[place] = token
        hidden += kept
    return hidden


def signatures(types: Any) -> dict[Any, Any]:
    """Every kernel and the types it takes; arrays that are only read may be read-only."""

    def read(kind: Any, axes: int) -> Any:
        return types.Array(kind, axes, "C", readonly=True)

    long, word, flag = types.int64, types.uint64, types.boolean
    longs, table, names = read(long, 1), read(long, 2), read(long, 1)
    flags, words = read(types.uint8, 1), read(word, 1)
    texts = types.Tuple((table, table, flags, longs))
    draws = types.Tuple((names, read(flag, 1), word, word, word, long, words))
    choices = types.Tuple((longs, longs))
    out = types.Tuple((long[:, ::1], long[:, ::1], flag[:, ::1], long[::1]))
    return {
        pad_rows: types.void(longs, longs, flag, long, long[:, ::1]),
        fill_rows: types.void(longs, flag, long[:, ::1]),
        row_keys: types.void(longs, word, word, long[::1]),
        content_ids: types.void(table, longs, longs, long[::1]),
        chance: types.void(names, word, long, read(word, 2), flag[:, :, ::1]),
        cell_bits: types.void(names, word, read(types.uint32, 1), types.int32[:, ::1]),
        labels_at: types.void(table, longs, long, long[:, ::1]),
        hide_tokens: long(texts, draws, choices, long, out),
    }

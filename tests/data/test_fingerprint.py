"""The fingerprint is of values: not of chunks, nor of how Arrow stores them."""

import math

import pyarrow as pa
import pytest

from maskwright.data.fingerprint import fingerprint

ARRAYS = {
    "text": pa.array(["a", "bc", None, "", "é"]),
    "whole": pa.array([1, None, -5, 7, 8]),
    "number": pa.array([1.5, None, math.inf, -0.0, 3.0]),
    "truth": pa.array([True, False, None, True, True]),
    "bytes": pa.array([b"a", None, b"", b"bc", b"d"]),
    "key": pa.array([b"ab", b"cd", None, b"ef", b"gh"], pa.binary(2)),
    "list": pa.array([["a", "b"], [], None, [None], ["c"]]),
    "objects": pa.array([{"a": [1]}, None, {"a": []}, {"a": None}, {"a": [2, 3]}]),
    "nothing": pa.nulls(5),
}


def of(*blocks):
    return fingerprint({"train": {"x": blocks}}, {"roles": 1})


@pytest.mark.parametrize("name", ARRAYS)
def test_chunks_make_no_difference(name):
    array = ARRAYS[name]
    whole = of(array)
    assert whole.startswith("2:")
    assert of(array[:2], array[2:]) == whole
    assert of(*(array[i : i + 1] for i in range(5)), array[:0]) == whole
    assert of(pa.concat_arrays([array, array])[5:]) == whole


@pytest.mark.parametrize("name", [name for name in ARRAYS if name != "nothing"])
def test_every_value_counts(name):
    array = ARRAYS[name]
    marks = {of(array), of(array[:4]), of(array[1:]), of(pa.concat_arrays([array[1:], array[:1]]))}
    marks.add(of(pa.concat_arrays([array[:4], pa.nulls(1, array.type)])))
    assert len(marks) == 5


def test_storage_makes_no_difference():
    assert of(ARRAYS["text"].cast(pa.large_string())) == of(ARRAYS["text"])
    assert of(ARRAYS["whole"].cast(pa.int8())) == of(ARRAYS["whole"])


def test_names_kinds_and_borders_count():
    same = {"x": [pa.array(["a", "b"])]}
    marks = {
        fingerprint({"train": same}, 1),
        fingerprint({"train": same}, 2),
        fingerprint({"test": same}, 1),
        fingerprint({"train": {"y": same["x"]}}, 1),
        of(pa.array(["ab", ""])),
        of(pa.array(["a", "b"])),
        of(pa.array([b"a", b"b"])),
        of(pa.array([["a", "b"], []])),
        of(pa.array([["a"], ["b"]])),
    }
    assert len(marks) == 9


def test_it_is_the_same_everywhere():
    assert of(*ARRAYS.values()) == "2:6fd454445c465de2583b575dc0c6a00624b5fcd150bb84dfd2244fca013aa348"

"""With and without compiled kernels everything is the same to the bit, and without numba nothing is missing."""

from __future__ import annotations

import functools
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from maskwright import Masking, MaskingCollator, MaskingError
from maskwright.backend import compiled
from maskwright.backend.content import content_ids, content_ids_of_rows
from maskwright.rng import Rng
from maskwright.units.vocabulary import Vocabulary
from tests.units.tokenizers_trained_here import trained

BERT = {"mix": {"mask-token": 0.8, "random-token": 0.1, "keep": 0.1}}
FILLS = {
    "mask-token": "mask-token",
    "random-token": "random-token",
    "keep": "keep",
    "80/10/10": BERT,
    "70/30": {"mix": {"random-token": 0.3, "mask-token": 0.7}},
    "mix in a mix": {"mix": [["mask-token", 0.5], [{"mix": {"random-token": 0.5, "keep": 0.5}}, 0.5]]},
}
BUDGETS = [{"bernoulli": p} for p in (0.0, 0.001, 0.15, 0.5, 1 - 2**-24, 1.0)] + [0.15, {"count": 3}]
LENGTHS = ([5, 17, 40, 1, 2, 64], [13], [0, 4, 7], [0, 0], [300, 1000])
SETTINGS = (("token", 0.0, "reconstruct"), ("token", 0.3, "supervised"), ("word", 0.0, "reconstruct"))


@pytest.fixture
def numba(monkeypatch):
    """The kernels are there and switched on."""
    pytest.importorskip("numba")
    monkeypatch.delenv(compiled.SWITCH, raising=False)
    assert compiled.kernels() is not None


@pytest.fixture
def fresh(monkeypatch):
    """What was found out about numba before is forgotten, and will be again."""
    monkeypatch.delenv(compiled.SWITCH, raising=False)
    compiled._compiled.cache_clear()
    yield
    compiled._compiled.cache_clear()


def both(job: Callable[[], Any]) -> tuple[Any, Any]:
    """Results of a job with kernels and with NumPy alone."""
    fast = job()
    os.environ[compiled.SWITCH] = "0"
    try:
        return fast, job()
    finally:
        del os.environ[compiled.SWITCH]


def assert_same(job: Callable[[], dict[str, Any]]) -> None:
    fast, plain = both(job)
    assert list(fast) == list(plain)
    for key, value in plain.items():
        assert fast[key].dtype == value.dtype, key
        np.testing.assert_array_equal(np.asarray(fast[key]), np.asarray(value), err_msg=key)


def examples(kind: str, lengths: list[int]) -> list[dict[str, Any]]:
    tokenizer, rng = trained("wordpiece"), np.random.default_rng(5)
    rows = [rng.integers(0, len(tokenizer), size=n) for n in lengths]
    for row in rows:
        row[:1], row[-1:] = tokenizer.cls_token_id, tokenizer.sep_token_id
    if kind == "lists":
        return [{"input_ids": r.tolist(), "token_type_ids": [0] * len(r), "attention_mask": [1] * len(r)} for r in rows]
    if kind == "partly attended":
        return [{"input_ids": r.tolist(), "attention_mask": (np.arange(len(r)) < 9).astype(int).tolist()} for r in rows]
    change = {"int32": lambda r: r.astype(np.int32), "tensors": torch.tensor, "gaps": lambda r: np.repeat(r, 2)[::2]}
    return [{"input_ids": change.get(kind, np.copy)(r)} for r in rows]


@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize("budget", BUDGETS, ids=str)
@pytest.mark.parametrize("side", ["right", "left"])
def test_batches_are_the_same(numba, fill, budget, side, monkeypatch):
    monkeypatch.setattr(trained("wordpiece"), "padding_side", side)
    collator = MaskingCollator(trained("wordpiece"), None, epoch=3, seed=7)
    for unit, clean_share, collator.objective in SETTINGS:
        collator.masking = Masking("iid", budget, FILLS[fill], unit, clean_share)
        for lengths in LENGTHS:
            rows = examples("lists" if unit == "word" else "arrays", lengths)
            assert_same(functools.partial(collator, rows))
            assert_same(functools.partial(collator, [{**row, "example_id": 3 * i} for i, row in enumerate(rows)]))


@pytest.mark.parametrize("kind", ["partly attended", "int32", "tensors", "gaps"])
def test_batches_of_other_rows_are_the_same(numba, kind):
    collator = Masking("iid", {"bernoulli": 0.3}, BERT).collator(trained("wordpiece"), objective="reconstruct", epoch=0)
    rows = [{**row, "example_id": i} for i, row in enumerate(examples(kind, [5, 64, 0, 33]))]
    assert_same(lambda: collator(rows))
    assert_same(lambda: MaskingCollator(trained("wordpiece"), None, pad_to_multiple_of=8)(rows))


LAYOUTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "plain": np.copy,
    "columns first": np.asfortranarray,
    "read-only": lambda ids: np.frombuffer(ids.tobytes(), np.int64).reshape(ids.shape),
    "gaps": lambda ids: np.repeat(ids, 2, axis=1)[:, ::2],
    "int32": lambda ids: ids.astype(np.int32),
    "no rows": lambda ids: ids[:0],
    "no columns": lambda ids: ids[:, :0],
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("attention", ["none", "bool", "int64", "float64", "left"])
def test_maskings_are_the_same(numba, layout, attention):
    vocabulary = Vocabulary.from_tokenizer(trained("wordpiece"))
    ids = LAYOUTS[layout](np.random.default_rng(1).integers(0, vocabulary.size, size=(40, 50)))
    batch, (rows, length) = {"input_ids": ids}, ids.shape
    if attention != "none":
        attended = np.arange(length) < np.arange(rows)[:, None] + 3
        batch["attention_mask"] = attended[:, ::-1].astype(int) if attention == "left" else attended.astype(attention)

    def masked(masking: Masking) -> dict[str, Any]:
        out = masking(batch, vocabulary=vocabulary, epoch=1)
        parts = {"mask": out.mask, "units": out.unit_mask, "count": out.count, "labels": out.reconstruction_labels()}
        return {**out.inputs, **parts}

    for fill in FILLS.values():
        assert_same(functools.partial(masked, Masking("iid", {"bernoulli": 0.3}, fill, clean_share=0.2)))


@pytest.mark.parametrize("shape", [(1,), (7,), (128,), (129,), (0,), (0, 3), (3, 0), (3, 5), (14, 14), (2, 3, 9)])
def test_draws_are_the_same(numba, shape):
    def drawn() -> dict[str, Any]:
        rng = Rng.from_ids(np.arange(-3, 30) * 977, seed=-3, epoch=2).child("test")
        steps = (0, 1, (1 << 16) - 1, 1 << 16, 12345678, 255 << 16, (255 << 16) + 5, (1 << 24) - 1, 1 << 24)
        numbers = {"keys": rng.keys, "bits": rng.bits(*shape), "first": Rng(rng.keys[::2], 5).bits(*shape)}
        return numbers | {str(n): rng.chance(n, *shape) for n in steps}

    assert_same(drawn)


def test_content_ids_are_the_same(numba):
    lengths = np.array([0, 1, 5, 8], dtype=np.int32)
    attended = np.arange(8) < lengths[:, None]
    tokens = np.where(attended, np.random.default_rng(0).integers(-(2**63), 2**63 - 1, size=(4, 8)), 3)
    assert_same(lambda: {"ids": content_ids_of_rows(tokens, lengths, 3)})
    np.testing.assert_array_equal(content_ids_of_rows(tokens, lengths, 3), content_ids(tokens, attended))


@pytest.mark.parametrize("wrong", [-1, -100, 900, 2**40])
def test_ids_outside_the_vocabulary_are_refused_alike(numba, wrong):
    collator = Masking("iid", {"bernoulli": 0.5}, BERT).collator(trained("wordpiece"), epoch=0)
    rows = [{"input_ids": np.array([2, 17, 18, 3])}, {"input_ids": np.array([2, wrong, 3])}]

    def message() -> str:
        with pytest.raises(MaskingError) as caught:
            collator(rows)
        return str(caught.value)

    assert len(set(both(message))) == 1
    assert f"found {wrong}" in message()


def test_the_kernels_are_what_runs(numba, monkeypatch):
    kernels = compiled.kernels()
    assert kernels is not None
    ran: list[str] = []

    def watched(name: str) -> Callable[..., Any]:
        return lambda *given: (ran.append(name), kernels.run[name](*given))[1]

    monkeypatch.setattr(compiled, "_compiled", lambda: compiled.Kernels({name: watched(name) for name in kernels.run}))
    masking = Masking("iid", {"bernoulli": 0.15}, BERT)
    masking.collator(trained("wordpiece"), objective="reconstruct", epoch=0)(examples("lists", [9, 12]))
    assert ran == ["pad_rows", "fill_rows", "content_ids", "row_keys", "hide_tokens"]
    Rng.from_ids([1]).bits(4), Rng.from_ids([1]).chance(5, 4)
    ids = np.full((2, 3), 17)
    masking({"input_ids": ids}, vocabulary=Vocabulary.from_tokenizer(trained("wordpiece"))).reconstruction_labels()
    assert set(ran) == set(kernels.run)


def test_examples_are_left_alone(numba):
    collator = Masking("iid", {"bernoulli": 1.0}, "mask-token").collator(trained("wordpiece"), epoch=0)
    for kind in ("lists", "arrays"):
        rows = examples(kind, [8])
        before = list(rows[0]["input_ids"])
        assert not np.array_equal(collator(rows)["input_ids"][0], before)
        assert list(rows[0]["input_ids"]) == before


@pytest.mark.parametrize("workers", [0, 2])
def test_workers_draw_the_same(numba, workers, monkeypatch):
    rows = examples("arrays", [20] * 12)
    collator = Masking("iid", {"bernoulli": 0.3}, BERT).collator(trained("wordpiece"), objective="reconstruct", epoch=1)
    loader = DataLoader(rows, batch_size=4, collate_fn=collator, num_workers=workers)
    fast = [batch["labels"] for batch in loader]
    monkeypatch.setenv(compiled.SWITCH, "0")
    assert torch.equal(torch.cat(fast), collator(rows)["labels"])


def test_the_switch(monkeypatch):
    monkeypatch.setenv(compiled.SWITCH, "0")
    assert compiled.kernels() is None


def test_without_numba_there_is_no_word_about_it(fresh, monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "numba", None)
    with caplog.at_level(logging.INFO):
        assert compiled.kernels() is None
        assert Rng.from_ids([1]).bits(2).shape == (1, 2)
    assert not caplog.records


def test_a_numba_that_does_not_load_is_told_once(fresh, monkeypatch, caplog, tmp_path):
    (tmp_path / "numba.py").write_text("raise ImportError('Numba needs NumPy 1.0 or less')")
    for name in [name for name in sys.modules if name.split(".")[0] == "numba"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert compiled.kernels() is None
    assert compiled.kernels() is None
    assert [record.getMessage().partition(": ")[2] for record in caplog.records] == [
        "ImportError: Numba needs NumPy 1.0 or less"
    ]


def test_numba_with_compiling_switched_off(fresh, monkeypatch):
    config = pytest.importorskip("numba").config
    monkeypatch.setattr(config, "DISABLE_JIT", 1)
    assert compiled.kernels() is None


def test_machine_code_of_other_rounds_is_refused(numba, fresh, monkeypatch, caplog):
    monkeypatch.setattr("maskwright.backend.compiled.rounds", lambda counters, low, high, x, scratch: x.fill(7))
    assert compiled.kernels() is None
    assert "other numbers than NumPy" in caplog.text


def test_where_nothing_can_be_kept_on_disk_it_compiles_for_the_process():
    def njit(signature: str, nogil: bool, cache: bool = False) -> Callable[[Any], Any]:
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return lambda function: (function, signature, nogil)

    assert compiled._kernel(njit, min, "types") == (min, "types", True)


def test_an_unwritable_cache_folder_does_no_harm(numba, tmp_path):
    (tmp_path / "file").touch()
    code = "from maskwright.backend import compiled; import sys; sys.exit(compiled.kernels() is None)"
    folder = {"NUMBA_CACHE_DIR": str(tmp_path / "file" / "cache")}
    out = subprocess.run([sys.executable, "-c", code], env={**os.environ, **folder}, capture_output=True, text=True)
    assert (out.returncode, out.stderr) == (0, "")

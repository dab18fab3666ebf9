"""Packing loses nothing, isolates documents, and changes neither masks nor losses."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertModel,
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    LlamaConfig,
    LlamaForCausalLM,
    ModernBertConfig,
    ModernBertModel,
)

from maskwright import ConfigError, MaskingCollator, MaskingError
from maskwright.text.document_attention import DocumentAttention
from maskwright.text.leak import document_leak
from maskwright.text.packing import PackingCollator, pack
from tests.settings import ListTokenizer

SMALL = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}


def documents_of(sizes, seed=0, words=40):
    rng = np.random.default_rng(seed)
    width = max(sizes, default=0)
    attended = np.arange(width) < np.asarray(sizes)[:, None]
    ids = np.where(attended, rng.integers(5, words, (len(sizes), width)), 0)
    return {"input_ids": ids, "attention_mask": attended.astype(np.int64)}


@given(st.lists(st.integers(0, 12), min_size=0, max_size=20), st.integers(12, 30), st.booleans())
def test_every_token_is_there_once_in_order(sizes, length, torch_too):
    batch = documents_of(sizes) if sizes else {"input_ids": np.zeros((0, 3), dtype=int)}
    given_batch = {name: torch.from_numpy(value) for name, value in batch.items()} if torch_too else batch
    packed = pack(given_batch, length)
    out = {name: np.asarray(value) for name, value in packed.batch.items()}
    documents = np.asarray(packed.documents)
    assert ((documents >= 0) == (out["attention_mask"] == 1)).all()
    laid = documents[documents >= 0]
    for number, size in enumerate(sizes):
        where = documents == number
        np.testing.assert_array_equal(out["input_ids"][where], batch["input_ids"][number, :size])
        np.testing.assert_array_equal(out["position_ids"][where], np.arange(size))
        assert where.any(axis=1).sum() <= 1, "a document lies in one row"
    starts = np.asarray(packed.cu_seqlens)
    assert starts.dtype == np.int32
    assert starts[-1] == sum(sizes)
    np.testing.assert_array_equal(np.diff(starts), [sizes[d] for d in laid[starts[:-1]]])
    assert packed.max_seqlen == max(sizes, default=0)


def test_rows_are_filled_well():
    sizes = np.random.default_rng(0).integers(1, 100, 2000)
    packed = pack(documents_of(sizes.tolist()), 128)
    assert (np.asarray(packed.documents) >= 0).mean() > 0.97


def bert(**options):
    torch.manual_seed(0)
    config = BertConfig(vocab_size=50, max_position_embeddings=64, **SMALL)
    return BertModel._from_config(config, **options).eval()


def modernbert(**options):
    torch.manual_seed(0)
    config = ModernBertConfig(vocab_size=50, pad_token_id=0, bos_token_id=1, eos_token_id=2, cls_token_id=1,
                              sep_token_id=2, global_attn_every_n_layers=2, local_attention=8, **SMALL)  # fmt: skip
    return ModernBertModel._from_config(config, **options).eval()


def llama(**options):
    torch.manual_seed(0)
    return LlamaForCausalLM._from_config(LlamaConfig(vocab_size=50, **SMALL), **options).eval()


def gemma(**options):
    torch.manual_seed(0)
    kinds = ["sliding_attention", "full_attention"]
    config = Gemma3TextConfig(vocab_size=50, num_key_value_heads=1, head_dim=8, sliding_window=3, layer_types=kinds,
                              **SMALL)  # fmt: skip
    return Gemma3ForCausalLM._from_config(config, **options).eval()


def forward(model):
    def run(batch):
        with torch.no_grad():
            return model(**batch)[0]

    return run


def isolated(model, packed, causal):
    attention = DocumentAttention.of(model, causal=causal)
    return {**packed.batch, "attention_mask": attention.mask(packed.batch["attention_mask"] != 0, packed.documents)}


@pytest.mark.parametrize("attention", ["sdpa", "eager", pytest.param("flex_attention", marks=pytest.mark.slow)])
@pytest.mark.parametrize(("make", "causal"), [(bert, False), (modernbert, False), (llama, True), (gemma, True)])
def test_documents_do_not_see_each_other(make, causal, attention):
    model = make(attn_implementation=attention)
    batch = {name: torch.from_numpy(value) for name, value in documents_of([5, 3, 6, 2, 4]).items()}
    packed = pack(batch, 12)
    naive = {**packed.batch, "attention_mask": packed.batch["attention_mask"]}
    assert document_leak(forward(model), naive, packed.documents).leaks, "the test sees the leak of plain packing"
    exact = isolated(model, packed, causal)
    leak = document_leak(forward(model), exact, packed.documents)
    assert not leak.leaks, leak
    assert leak.scale > 1e-3
    assert len(leak.changed) >= packed.documents.shape[0]
    together = forward(model)(exact)
    for number, size in enumerate([5, 3, 6, 2, 4]):
        alone = forward(model)({"input_ids": batch["input_ids"][number : number + 1, :size]})
        torch.testing.assert_close(together[packed.documents == number], alone[0], atol=1e-5, rtol=1e-4)


def test_packed_causal_loss_is_that_of_the_documents():
    model = llama()
    batch = {name: torch.from_numpy(value) for name, value in documents_of([5, 3, 6]).items()}
    packed = pack(batch, 8, causal_labels=True)
    out = model(**isolated(model, packed, causal=True)).loss
    total, n = 0.0, 0
    for ids, size in zip(batch["input_ids"], (5, 3, 6), strict=True):
        total += float(model(input_ids=ids[None, :size], labels=ids[None, :size]).loss.detach()) * (size - 1)
        n += size - 1
    assert abs(float(out.detach()) - total / n) < 1e-5


class TestPackingCollator:
    tokens = ("[PAD]", "[CLS]", "[SEP]", "[MASK]", "[unused0]", *(f"w{n}" for n in range(40)))

    def collator(self, attention="lengths", **options):
        from maskwright import Masking

        masking = Masking("iid", 0.3, "mask-token")
        inner = MaskingCollator(ListTokenizer(list(self.tokens)), masking, objective="reconstruct", epoch=0)
        return inner, PackingCollator(inner, attention=attention, **options)

    def features(self):
        rng = np.random.default_rng(1)
        return [
            {"input_ids": [1, *rng.integers(5, 45, n).tolist(), 2], "example_id": 100 + number}
            for number, n in enumerate((5, 9, 2, 7))
        ]

    def test_packing_changes_no_mask_and_no_label(self):
        inner, packing = self.collator(length=16, attention=DocumentAttention())
        padded, packed = inner(self.features()), packing(self.features())
        attended = padded["attention_mask"] != 0
        assert packed["attention_mask"].shape[1:] == (1, 16, 16)
        for name in ("input_ids", "labels"):
            wanted = sorted(map(tuple, (row[keep].tolist() for row, keep in zip(padded[name], attended, strict=True))))
            documents = pack(inner(self.features()), 16).documents
            found = sorted(tuple(packed[name][documents == n].tolist()) for n in range(4))
            assert found == wanted

    def test_a_bert_trains_on_it_and_loses_what_it_loses_on_padded_rows(self):
        torch.manual_seed(0)
        model = BertForMaskedLM(BertConfig(vocab_size=45, max_position_embeddings=32, **SMALL)).eval()
        inner, packing = self.collator(attention=DocumentAttention.of(model))
        with torch.no_grad():
            torch.testing.assert_close(model(**inner(self.features())).loss, model(**packing(self.features())).loss)

    def test_without_a_dense_mask_it_names_the_lengths(self):
        _, packing = self.collator()
        batch = packing(self.features())
        assert "attention_mask" not in batch
        assert batch["cu_seq_lens_q"].tolist()[-1] == batch["input_ids"].shape[1]
        assert batch["max_length_q"] == 11

    def test_lengths_count_padding_at_the_end_of_rows_as_a_document(self):
        _, packing = self.collator(length=16)
        batch = packing(self.features())
        assert batch["input_ids"].shape == (2, 16)
        ends = batch["cu_seq_lens_q"].numpy()
        assert ends[-1] == 32, "kernels see the rows with their padding"
        starts = batch["position_ids"].reshape(-1)[ends[:-1]]
        assert (starts == 0).all(), "every document begins where the lengths say"
        sizes = np.diff(ends).tolist()
        assert sorted(size for size in sizes if size in (4, 7, 9, 11)) == [4, 7, 9, 11]
        assert batch["max_length_q"] == max(sizes)

    @pytest.mark.parametrize("objective", ["supervised", "reconstruct"])
    def test_causal_labels_are_what_was_there_before_anything_was_hidden(self, objective):
        inner, packing = self.collator(causal_labels=True)
        inner.objective = objective
        batch = packing(self.features())
        told = batch["labels"] != -100
        assert not (batch["labels"][told] == 3).any(), "no mask token is a label"
        assert (batch["input_ids"] == 3).any()
        assert (batch["labels"][batch["position_ids"] == 0] == -100).all()
        if objective == "supervised":
            clean = pack(inner.clean(self.features())).batch["input_ids"]
            assert torch.equal(batch["labels"][told], clean[told])
            assert told.sum() == clean.numel() - len(self.features())

    def test_causal_labels_need_a_fill_that_removes_nothing(self):
        from maskwright import Masking

        inner = MaskingCollator(ListTokenizer(list(self.tokens)), Masking("iid", 0.5, "drop"), epoch=0)
        with pytest.raises(MaskingError, match="use mask-token"):
            PackingCollator(inner, attention="lengths", causal_labels=True)(self.features())

    def test_what_keeps_documents_apart_has_to_be_said(self):
        inner, _ = self.collator()
        with pytest.raises(TypeError, match="attention"):
            PackingCollator(inner, length=128)
        for attention in (None, "sdpa", True):
            with pytest.raises(ConfigError, match=r"DocumentAttention.of\(model\)"):
                PackingCollator(inner, attention=attention)

    def test_epochs_and_progress_reach_the_inner_collator(self):
        inner, packing = self.collator()
        packing.set_epoch(4)
        packing.set_progress(0.25)
        assert inner.epoch == 4
        assert inner.moment().progress == 0.25

    def test_evaluation_is_packed_too_and_hides_nothing(self):
        inner, packing = self.collator()
        inner.objective = "supervised"
        packed = packing.for_evaluation(self.features())
        assert torch.equal(packed["input_ids"], pack(inner.clean(self.features())).batch["input_ids"])
        assert (packing(self.features())["input_ids"] != packed["input_ids"]).any()


@pytest.mark.parametrize(
    ("call", "fragment"),
    [
        (lambda: pack(documents_of([5, 9]), 8), "document 1 has 9 tokens and a row has 8"),
        (lambda: pack({**documents_of([5, 9]), "labels": np.array([0, 1])}), "'labels' has shape (2,)"),
        (lambda: pack({"input_ids": [[5, 6], [7]]}), "'input_ids': expected arrays [D, L]"),
        (lambda: pack({"input_ids": np.array([5, 6])}), "given shape (2,)"),
    ],
)
def test_errors(call, fragment):
    with pytest.raises(MaskingError) as caught:
        call()
    assert fragment in str(caught.value)


def test_attention_without_a_dense_mask_is_refused():
    with pytest.raises(ConfigError, match="cu_seqlens"):
        DocumentAttention(implementation="flash_attention_2")

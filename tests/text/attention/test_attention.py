"""Every rule against its definition written out position by position, and every rendering against the dense one."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from maskwright import ConfigError, MaskingError, Rng
from maskwright.text.attention import AttentionMask, names

LENGTH = 7
ATTENDED = np.array([[1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 0, 0, 0], [0, 0, 1, 1, 1, 1, 1]], dtype=bool)
DOCUMENTS = np.array([[0, 0, 0, 1, 1, 2, 2], [3, 3, 4, 4, -1, -1, -1], [-1, -1, 5, 5, 5, 6, 6]])
DEFINITIONS = {
    "padding": ({}, lambda b, q, k: not ATTENDED[b, k]),
    "causal": ({}, lambda b, q, k: k > q),
    "sliding-window": ({"reach": 2}, lambda b, q, k: abs(q - k) > 2),
    "prefix": ({"length": 3}, lambda b, q, k: k > q and k >= 3),
    "same-document": ({}, lambda b, q, k: DOCUMENTS[b, q] != DOCUMENTS[b, k]),
}


def node(name):
    parameters = DEFINITIONS[name][0]
    return {name: parameters} if parameters else name


def by_definition(*rules):
    out = np.zeros((len(ATTENDED), 1, LENGTH, LENGTH), dtype=bool)
    for b, _, q, k in np.ndindex(*out.shape):
        out[b, 0, q, k] = any(DEFINITIONS[rule][1](b, q, k) for rule in rules)
    for b, _, q in np.argwhere(out.all(-1)):
        out[b, 0, q, q] = False
    return out


def test_every_rule_is_tested():
    assert set(names()) == {*DEFINITIONS, "key-dropout"}


@pytest.mark.parametrize("name", DEFINITIONS)
def test_a_rule_hides_what_its_definition_hides(name):
    mask = AttentionMask([node(name)])
    hidden = mask.hidden(ATTENDED, documents=DOCUMENTS)
    np.testing.assert_array_equal(hidden, by_definition(name))
    there = mask.hidden(torch.from_numpy(ATTENDED), documents=torch.from_numpy(DOCUMENTS))
    np.testing.assert_array_equal(there.numpy(), hidden)
    np.testing.assert_array_equal(mask.sdpa(ATTENDED, documents=DOCUMENTS), ~hidden)


def test_rules_together_hide_what_any_hides_and_no_row_is_empty():
    mask = AttentionMask(["padding", "causal", "same-document"])
    hidden = mask.hidden(ATTENDED, documents=DOCUMENTS)
    np.testing.assert_array_equal(hidden, by_definition("padding", "causal", "same-document"))
    assert not hidden.all(-1).any()


@pytest.mark.parametrize("name", DEFINITIONS)
def test_flex_attention_computes_what_the_dense_mask_does(name):
    from torch.nn.attention.flex_attention import flex_attention

    generator = torch.Generator().manual_seed(0)
    query, key, value = (torch.randn(3, 2, LENGTH, 8, generator=generator) for _ in range(3))
    facts = {"documents": torch.from_numpy(DOCUMENTS)}
    mask = AttentionMask([node(name)])
    block = mask.block_mask(torch.from_numpy(ATTENDED), **facts)
    flex = flex_attention(query, key, value, block_mask=block)
    dense = torch.nn.functional.scaled_dot_product_attention(
        query, key, value, attn_mask=mask.sdpa(torch.from_numpy(ATTENDED), **facts)
    )
    assert isinstance(flex, torch.Tensor)
    rows = torch.from_numpy(~by_definition(name).all(-1)[:, 0] & ATTENDED)  # rows of padding are of no use to anybody
    torch.testing.assert_close(flex.transpose(1, 2)[rows], dense.transpose(1, 2)[rows])


def test_additive_masks_are_finite():
    scores = AttentionMask(["causal"]).additive(ATTENDED, torch.float16)
    assert scores.dtype == torch.float16
    assert torch.isfinite(scores).all()
    np.testing.assert_array_equal((scores < 0).numpy(), AttentionMask(["causal"]).hidden(ATTENDED))


class TestKeyDropout:
    def hidden(self, ids, length=200, probability=0.3, heads=4):
        everyone = np.ones((len(ids), length), dtype=bool)
        mask = AttentionMask([{"key-dropout": probability}])
        return mask.hidden(everyone, rng=Rng.from_ids(np.asarray(ids)), heads=heads)

    def test_its_rate_its_heads_and_its_diagonal(self):
        hidden = self.hidden(range(20))
        keys = hidden[:, :, 0, 1:]  # as the first query sees them
        assert abs(keys.mean() - 0.3) < 5 * np.sqrt(0.21 / keys.size)
        assert (hidden[:, 0] != hidden[:, 1]).any()
        assert not hidden.diagonal(axis1=2, axis2=3).any()
        others = hidden[:, :, 5, :] == hidden[:, :, 9, :]
        assert others[..., [c for c in range(200) if c not in (5, 9)]].all(), "a key is hidden from all queries alike"

    def test_neighbours_and_back_ends_change_nothing(self):
        together = self.hidden([3, 4, 5])
        np.testing.assert_array_equal(self.hidden([4])[0], together[1])
        there = AttentionMask([{"key-dropout": 0.3}]).hidden(
            torch.ones(3, 200, dtype=torch.bool), rng=Rng.from_ids(torch.tensor([3, 4, 5])), heads=4
        )
        np.testing.assert_array_equal(there.numpy(), together)

    def test_flex(self):
        mask = AttentionMask([{"key-dropout": 0.5}])
        everyone, rng = torch.ones(2, 16, dtype=torch.bool), Rng.from_ids(torch.tensor([3, 4]))
        block = mask.block_mask(everyone, heads=2, rng=rng)
        from torch.nn.attention.flex_attention import create_mask

        dense = create_mask(block.mask_mod, 2, 2, 16, 16, device="cpu")
        torch.testing.assert_close(dense, mask.sdpa(everyone, heads=2, rng=rng))


def test_values_round_trip():
    mask = AttentionMask(["padding", {"sliding-window": 4}, {"key-dropout": 0.1}])
    assert AttentionMask.from_dict(mask.to_dict()) == mask
    hash(mask)


@pytest.mark.parametrize(
    ("call", "error", "fragment"),
    [
        (lambda: AttentionMask([]), ConfigError, "one or more"),
        (lambda: AttentionMask(["causl"]), ConfigError, "'causal'"),
        (lambda: AttentionMask([{"key-dropout": 1.5}]), ConfigError, "from 0 to 1"),
        (lambda: AttentionMask(["same-document"]).hidden(ATTENDED), MaskingError, "documents"),
        (lambda: AttentionMask([{"key-dropout": 0.5}]).hidden(ATTENDED), MaskingError, "rng"),
        (lambda: AttentionMask(["causal"]).hidden(ATTENDED, lengths=3), MaskingError, "'lengths'"),
        (lambda: AttentionMask(["causal"]).hidden(ATTENDED[0]), MaskingError, "[B, L]"),
        (lambda: AttentionMask(["same-document"]).hidden(ATTENDED, documents=DOCUMENTS[:, :3]), MaskingError, "(3, 7)"),
    ],
)
def test_errors(call, error, fragment):
    with pytest.raises(error) as caught:
        call()
    assert fragment in str(caught.value)


@pytest.mark.parametrize(
    ("rule", "facts", "fragment"),
    [
        ({"key-dropout": 0.5}, {}, "give rng=Rng.from_ids(example_ids, seed=..., epoch=...)."),
        ("same-document", {}, "give documents=packed.documents, [B, L]"),
        ({"key-dropout": 0.5}, {"rng": np.random.default_rng(0)}, "given Generator"),
        ({"key-dropout": 0.5}, {"rng": Rng.from_ids(torch.arange(3))}, "attended is NumPy"),
    ],
    ids=["no draws", "no documents", "another generator", "draws of another library"],
)
def test_what_is_missing_is_said_as_it_is_given(rule, facts, fragment):
    with pytest.raises(MaskingError) as caught:
        AttentionMask([rule]).hidden(ATTENDED, **facts)
    assert fragment in str(caught.value)

"""The head on hidden positions only gives the same loss and gradients for every family of models."""

from __future__ import annotations

import pytest
import torch
from transformers import (
    AlbertConfig,
    BertConfig,
    DebertaV2Config,
    DistilBertConfig,
    ElectraConfig,
    ModernBertConfig,
    RobertaConfig,
)
from transformers import AutoModelForMaskedLM as Auto

from maskwright import ConfigError
from maskwright.heads import MaskedOnlyHead

SMALL = {"vocab_size": 40, "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
         "intermediate_size": 32}  # fmt: skip
CONFIGS = {
    "bert": BertConfig(**SMALL),
    "roberta": RobertaConfig(**SMALL, pad_token_id=0),
    "distilbert": DistilBertConfig(vocab_size=40, dim=16, n_layers=1, n_heads=2, hidden_dim=32),
    "electra": ElectraConfig(**SMALL, embedding_size=16),
    "albert": AlbertConfig(**SMALL, embedding_size=8),
    "deberta-v2": DebertaV2Config(**SMALL),
    "modernbert": ModernBertConfig(**SMALL, pad_token_id=0, bos_token_id=1, eos_token_id=2, cls_token_id=1,
                                   sep_token_id=2),
}  # fmt: skip


def batch():
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(5, 40, (3, 9), generator=generator)
    hidden = torch.rand(3, 9, generator=generator) < 0.3
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": torch.where(hidden, ids, -100)}


def without_dropout(model):
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    return model.train()


def gradients(model):
    loss = model(**batch()).loss
    loss.backward()
    found = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    model.zero_grad()
    return loss.detach(), found


@pytest.mark.parametrize("name", CONFIGS)
def test_loss_and_gradients_are_the_same(name):
    torch.manual_seed(0)
    config = CONFIGS[name]
    for dropout in ("hidden_dropout_prob", "attention_probs_dropout_prob", "attention_dropout"):
        if hasattr(config, dropout):
            setattr(config, dropout, 0.0)
    model = without_dropout(Auto.from_config(config))
    loss, wanted = gradients(model)
    head = MaskedOnlyHead(model)
    again, found = gradients(model)
    torch.testing.assert_close(again, loss)
    assert found.keys() == wanted.keys()
    for key in wanted:
        torch.testing.assert_close(found[key], wanted[key], atol=1e-6, rtol=1e-4, msg=key)
    hidden = int((batch()["labels"] != -100).sum())
    assert model(**batch()).logits.shape == (1, hidden, 40)
    assert model.eval()(**batch()).logits.shape == (3, 9, 40), "evaluation projects everything"
    assert model.train()(batch()["input_ids"]).logits.shape == (3, 9, 40), "as does a call without labels"
    head.remove()
    assert model(**batch()).logits.shape == (3, 9, 40)


def test_a_model_without_a_base_is_refused():
    with pytest.raises(ConfigError, match="Linear"):
        MaskedOnlyHead(torch.nn.Linear(2, 2))

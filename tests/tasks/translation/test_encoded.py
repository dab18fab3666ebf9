"""Pairs in batches: what is hidden on which side, and that labels, padding and neighbours stay out of it."""

import numpy as np
import pytest
import torch

from maskwright import tasks
from maskwright.backend.codes import IGNORED
from maskwright.rng import Moment
from maskwright.tasks.examples import FILLER
from maskwright.tasks.translation.encoded import DECODER
from maskwright.tasks.translation.models import decoder_inputs, likelihood

pytestmark = pytest.mark.filterwarnings("ignore:Recommended. pip install sacremoses")

task = tasks.get("translation")
HALF = {"pattern": "iid", "budget": 0.5, "fill": "mask-token", "unit": "word"}


def both(source="mask-token", target="mask-token", budget=0.5):
    sides = {"source": {"pattern": "iid", "fill": source}, "target": {"pattern": "iid", "fill": target}}
    return {"modalities": sides, "budget": budget}


def tokens(reader, row):
    return reader.convert_ids_to_tokens([int(token) for token in row if token >= 0])


def test_batches_hold_source_target_and_fillers(make_config, built):
    _, made, examples = built(make_config())
    batch = examples.batch([3, 0, FILLER])
    assert set(batch.inputs) == {"input_ids", "attention_mask", DECODER}
    assert torch.equal(batch.inputs[DECODER], batch.labels["labels"])
    assert batch.weight.tolist() == [1.0, 1.0, 0.0]
    assert torch.equal(batch.labels["labels"][2], batch.labels["labels"][1])
    text = made.reader.decode(batch.inputs["input_ids"][0], skip_special_tokens=True)
    assert text in {"small font 0", "large library 0", "small library 0", "small server 0", "small editor 0"}
    assert examples.references([3, 0])[0] != examples.references([0])[0]
    assert examples.lengths.tolist() == (examples.source.ids.lengths + examples.target.ids.lengths).tolist()


def test_the_loss_is_a_mean_over_target_tokens(make_config, built):
    config = make_config(masking=HALF)
    _, _, examples = built(config)
    batch = examples.batch([0, 1, FILLER])
    hidden = examples.hide(batch, config.masking, Moment())
    assert hidden.count == int((batch.labels["labels"][:2] != IGNORED).sum())
    assert hidden.count == examples.hide(batch, None, Moment()).count


def test_only_the_source_is_hidden_unless_both_sides_are_named(make_config, built):
    config = make_config(masking=HALF)
    _, made, examples = built(config)
    batch = examples.batch(range(20))
    hidden = examples.hide(batch, config.masking, Moment(3))
    changed = hidden.inputs["input_ids"] != batch.inputs["input_ids"]
    assert (hidden.inputs["input_ids"][changed] == made.reader.mask_token_id).all()
    assert 0.3 < float(hidden.share.mean()) < 0.7
    assert torch.equal(hidden.inputs[DECODER], batch.inputs[DECODER])
    assert torch.equal(hidden.labels["labels"], batch.labels["labels"])


def test_both_sides_share_a_budget_and_the_labels_stay(make_config, built):
    config = make_config(masking=both())
    _, made, examples = built(config)
    batch = examples.batch(range(20))
    hidden = examples.hide(batch, config.masking, Moment(3))
    mask = made.reader.mask_token_id
    assert (hidden.inputs["input_ids"] == mask).any()
    assert (hidden.inputs[DECODER] == mask).any()
    assert torch.equal(hidden.labels["labels"], batch.labels["labels"])
    assert torch.equal(hidden.inputs[DECODER] == IGNORED, batch.inputs[DECODER] == IGNORED)
    units = (batch.inputs["attention_mask"].sum(1) - 1) + ((batch.labels["labels"] != IGNORED).sum(1) - 1)
    masked = (hidden.inputs["input_ids"] == mask).sum(1) + (hidden.inputs[DECODER] == mask).sum(1)
    np.testing.assert_allclose(hidden.share, masked / units, atol=1e-6)
    assert ((masked - units / 2).abs() < 1).all()


@pytest.mark.parametrize("family", ["t5", "marian", "mbart", "m2m"])
def test_special_tokens_languages_prefixes_and_padding_are_never_hidden(family, pretrained_model, make_config, built):
    prefix = {"prefix": "translate English to French: "} if family == "t5" else {}
    config = make_config(pretrained_model(family), both(budget=1.0), data=prefix)
    _, made, examples = built(config)
    batch = examples.batch(range(12))
    hidden = examples.hide(batch, config.masking, Moment())
    mask = made.reader.mask_token_id
    for row in range(12):
        source = tokens(made.reader, hidden.inputs["input_ids"][row])
        target = tokens(made.reader, hidden.inputs[DECODER][row])
        around = {
            "t5": (["▁translate", "▁English", "▁to", "▁French:"], ["</s>"], [], ["</s>"]),
            "marian": ([], ["</s>"], [], ["</s>"]),
            "mbart": ([], ["</s>", "en_XX"], [], ["</s>", "fr_XX"]),
            "m2m": (["__en__"], ["</s>"], ["__fr__"], ["</s>"]),
        }[family]
        whole = [token for token in source if token != made.reader.pad_token]
        marker = made.reader.convert_ids_to_tokens(mask)
        texts = len(whole) - len(around[0]) - len(around[1]), len(target) - len(around[2]) - len(around[3])
        assert whole == [*around[0], *[marker] * texts[0], *around[1]]
        assert target == [*around[2], *[marker] * texts[1], *around[3]]
    assert hidden.share.tolist() == [1.0] * 12


@pytest.mark.parametrize("family", ["t5", "marian", "mbart", "m2m"])
def test_the_decoder_reads_the_target_one_place_on(family, pretrained_model, make_config, built):
    config = make_config(pretrained_model(family), both())
    _, made, examples = built(config)
    hidden = examples.hide(examples.batch(range(8)), config.masking, Moment(1))
    read = decoder_inputs(made.model, hidden.inputs[DECODER])
    assert (read[:, 0] == made.model.generation_config.decoder_start_token_id).all()
    for row in range(8):
        length = int((hidden.labels["labels"][row] != IGNORED).sum())
        last = 2 if family == "mbart" else 1  # the language of mBART moves from the end to the beginning
        kept = hidden.inputs[DECODER][row, : length - last]
        assert torch.equal(read[row, 1 : 1 + len(kept)], kept)


def test_drop_shortens_the_source_and_its_attention(make_config, built):
    config = make_config(masking={**HALF, "fill": "drop", "unit": "token"})
    _, made, examples = built(config)
    batch = examples.batch(range(10))
    hidden = examples.hide(batch, config.masking, Moment(1))
    kept = hidden.inputs["attention_mask"].sum(1)
    assert (kept < batch.inputs["attention_mask"].sum(1)).any()
    assert torch.equal(hidden.labels["labels"], batch.labels["labels"])
    for row, length in enumerate(kept.tolist()):
        ids = hidden.inputs["input_ids"][row]
        assert int(ids[length - 1]) == made.reader.eos_token_id
        assert (ids[length:] == made.reader.pad_token_id).all()
        left = iter(batch.inputs["input_ids"][row].tolist())
        assert all(token in left for token in ids[:length].tolist()), "what is kept keeps its order"


def test_one_sentinel_stands_for_a_run_of_the_source(pretrained_model, make_config, built):
    config = make_config(pretrained_model("t5"), {**HALF, "budget": 1.0, "fill": {"sentinel": "single"}})
    _, made, examples = built(config)
    hidden = examples.hide(examples.batch([0]), config.masking, Moment())
    assert tokens(made.reader, hidden.inputs["input_ids"][0]) == ["<extra_id_0>", "</s>"]
    assert hidden.inputs["attention_mask"].tolist() == [[1, 1]]


@pytest.mark.parametrize(
    "masking", [HALF, both(), {**HALF, "fill": "drop"}, None], ids=["source", "both", "drop", "none"]
)
@pytest.mark.parametrize("side", ["left", "right"])
def test_the_side_that_the_tokenizer_pads_on_changes_nothing(masking, side, make_config, built):
    """A Marian counts positions from the first column: padding before a text would move it."""
    config = make_config(masking=masking or "none")
    data, made, right = built(config)
    made.reader.padding_side = side
    examples = task.encode(data.train, made.reader, config, data=data)
    rows = [0, 5, 9]
    together = likelihood(made.model, examples.hide(examples.batch(rows), config.masking, Moment(2)))
    alone = [likelihood(made.model, right.hide(right.batch([row]), config.masking, Moment(2))) for row in rows]
    torch.testing.assert_close(together.logits, torch.cat([one.logits for one in alone]), rtol=1e-4, atol=1e-4)
    assert torch.equal(together.targets, torch.cat([one.targets for one in alone]))


def test_what_drop_leaves_begins_together_even_where_no_row_had_padding(make_config, built):
    config = make_config(masking={**HALF, "fill": "drop", "unit": "token"})
    data, made, _ = built(config)
    made.reader.padding_side = "left"
    examples = task.encode(data.train, made.reader, config, data=data)
    lengths = examples.source.ids.lengths
    rows = np.flatnonzero(lengths == np.bincount(lengths).argmax())[:8]
    assert examples.batch(rows).inputs["attention_mask"].all()
    attention = examples.hide(examples.batch(rows), config.masking, Moment(1)).inputs["attention_mask"]
    assert attention[:, 0].all()
    assert not attention.all()


def test_joined_batches_give_every_way_once_with_its_own_labels(make_config, built):
    config = make_config(masking={**HALF, "fill": "drop"})
    _, _, examples = built(config)
    rows = list(range(9))
    batch = examples.batch(rows)
    parts = [examples.hide(batch, masking, Moment.evaluation()) for masking in (None, config.masking)]
    seen = []
    for places, some in examples.joined(parts, cells=30):
        assert some.inputs["attention_mask"][:, -1].any()
        assert (some.labels["labels"] != IGNORED).any(dim=0).all()
        for place, ids, attention, labels in zip(
            places.tolist(),
            some.inputs["input_ids"],
            some.inputs["attention_mask"],
            some.labels["labels"],
            strict=True,
        ):
            part, row = divmod(place, len(rows))
            length = int(attention.sum())
            assert torch.equal(ids[:length], parts[part].inputs["input_ids"][row, :length])
            assert length == int(parts[part].inputs["attention_mask"][row].sum())
            expected = batch.labels["labels"][row]
            assert labels[labels != IGNORED].tolist() == expected[expected != IGNORED].tolist()
        seen += places.tolist()
    assert sorted(seen) == list(range(18))


def test_long_texts_are_cut_counted_and_keep_their_last_token(make_config, built):
    config = make_config(data={"max_length": 4, "max_target_length": 4})
    _, made, examples = built(config)
    assert examples.source.ids.lengths.max() == 4
    assert examples.target.ids.lengths.max() == 4
    assert all(examples.source.ids[row][-1] == made.reader.eos_token_id for row in range(len(examples)))
    assert any("sources are longer than data.max_length=4" in note for note in examples.notes)
    assert any("targets are longer than data.max_target_length=4" in note for note in examples.notes)
    assert all(len(text.split()) >= 3 for text in examples.references([0, 1])), "references are whole"


def test_work_counts_what_both_halves_read(make_config, built):
    config = make_config(masking={**HALF, "fill": "drop"})
    _, _, examples = built(config)
    batch = examples.batch([0, 1])
    whole = examples.work(batch.inputs)
    assert whole == int(examples.lengths[:2].sum())
    assert examples.work(examples.hide(batch, config.masking, Moment()).inputs) < whole

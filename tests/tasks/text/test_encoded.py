"""Tokenised texts on either side of padding: batches, hiding, dropping, labels of tokens, joined batches."""

import numpy as np
import pytest
import torch

from maskwright.backend.codes import IGNORED
from maskwright.masking import Masking
from maskwright.rng import Moment
from maskwright.tasks.scratch import train_tokenizer
from maskwright.tasks.text.encoded import EncodedTexts, Ragged, rows_of_ids
from maskwright.units.vocabulary import Vocabulary

WORDS = "apple pear plum iron zinc copper chord drum the of in on".split()
SIDES = ("right", "left")
MOMENT = Moment(seed=3, epoch=1)


def examples_on(side: str, per_token: bool = False) -> EncodedTexts:
    """Texts of 1 to 9 words; labels of tokens are their ids, IGNORED for special ones."""
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(WORDS, 1 + row % 9)) for row in range(14)]
    tokenizer = train_tokenizer(texts, vocabulary=100, max_length=64)
    tokenizer.padding_side = side
    ids = [tokenizer(text)["input_ids"] for text in texts]
    special = set(tokenizer.all_special_ids)
    labels = np.arange(14) % 3
    if per_token:
        labels = Ragged.from_rows([[IGNORED if one in special else one for one in row] for row in ids])
    return EncodedTexts(
        inputs={"input_ids": Ragged.from_rows(ids)},
        example_ids=np.arange(100, 114),
        labels={"labels": labels},
        right=np.arange(14) % 3,
        vocabulary=Vocabulary.from_tokenizer(tokenizer),
        weights=np.ones(14, dtype=np.float32),
    )


def masking(ratio=0.5, fill="mask-token", unit="word", **more) -> Masking:
    return Masking.from_dict({"pattern": "iid", "budget": ratio, "fill": fill, "unit": unit, **more})


def rows_without_padding(inputs, name="input_ids"):
    """The tokens of each row that are attended to, and that these stand together."""
    rows = []
    for attended, row in zip(inputs["attention_mask"].bool(), inputs[name], strict=True):
        places = torch.nonzero(attended).flatten()
        assert len(places) == 0 or int(places[-1] - places[0]) + 1 == len(places)
        rows.append(row[attended].tolist())
    return rows


def test_rows_of_different_lengths_in_one_array():
    rows = Ragged.from_rows([[], [5, 6], [], [7]])
    assert [row.tolist() for row in rows] == [[], [5, 6], [], [7]]
    assert rows.lengths_of(np.array([3, 0, 1])).tolist() == [1, 0, 2]
    assert len(Ragged.from_rows([])) == 0


@pytest.mark.parametrize("side", SIDES)
def test_padding_stands_on_the_side_of_the_tokenizer(side):
    examples = examples_on(side)
    inputs = examples.batch([0, 8]).inputs
    place = 0 if side == "left" else -1
    assert inputs["attention_mask"][0, place] == 0
    assert inputs["input_ids"][0, place] == examples.vocabulary.pad_id
    assert (inputs["attention_mask"][1] == 1).all()
    assert rows_without_padding(inputs) == [examples.inputs["input_ids"][row].tolist() for row in (0, 8)]


@pytest.mark.parametrize("fill", ["mask-token", "drop", "random-token"])
def test_what_is_hidden_does_not_depend_on_the_side_of_the_padding(fill):
    found = []
    for side in SIDES:
        examples = examples_on(side)
        hidden = examples.hide(examples.batch(range(14)), masking(fill=fill), MOMENT)
        found.append((rows_without_padding(hidden.inputs), hidden.share.tolist(), hidden.count))
    assert found[0] == found[1]
    whole = [row.tolist() for row in examples.inputs["input_ids"]]
    assert found[0][0] != whole
    assert found[0][2] == 14


@pytest.mark.parametrize("side", SIDES)
def test_dropped_tokens_leave_the_padding_where_it_was(side):
    examples = examples_on(side)
    hidden = examples.hide(examples.batch(range(14)), masking(0.7, "drop"), MOMENT)
    attended = hidden.inputs["attention_mask"]
    steps = attended.diff(dim=1)
    assert (steps >= 0).all() if side == "left" else (steps <= 0).all()
    assert (hidden.inputs["input_ids"][attended == 0] == examples.vocabulary.pad_id).all()


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("fill", ["mask-token", "drop"])
def test_labels_of_tokens_go_with_their_tokens(side, fill):
    examples = examples_on(side, per_token=True)
    batch = examples.batch([3, 8, -1])
    hidden = examples.hide(batch, masking(0.5, fill), MOMENT)
    labels, ids = hidden.labels["labels"], hidden.inputs["input_ids"]
    assert labels.shape == ids.shape
    assert "labels" not in hidden.inputs
    mask_id = examples.vocabulary.mask_id
    seen = (labels != IGNORED) & (ids != mask_id)
    assert torch.equal(labels[seen], ids[seen])
    assert (labels[hidden.inputs["attention_mask"] == 0] == IGNORED).all()
    # Fillers, special tokens and padding count for nothing.
    assert hidden.count == int((labels[:2] != IGNORED).sum())
    # Without a masking, every word has its label, whole.
    whole = examples.hide(batch, None, MOMENT)
    assert whole.count == 4 + 9
    assert torch.equal(whole.labels["labels"], batch.labels["labels"])


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("fill", ["mask-token", "drop"])
@pytest.mark.parametrize("cells", [1, 25, 10_000])
def test_joined_batches_hold_every_way_of_hiding_once(side, fill, cells):
    examples = examples_on(side, per_token=True)
    batch = examples.batch(range(14))
    ways = [None, masking(0.3, fill), masking(0.9, fill)]
    parts = [examples.hide(batch, way, Moment.evaluation()) for way in ways]
    wanted = [row for part in parts for row in rows_without_padding(part.inputs)]
    labels = [
        row
        for part in parts
        for row in rows_without_padding({**part.labels, "attention_mask": part.inputs["attention_mask"]}, "labels")
    ]
    shares = torch.cat([part.share for part in parts])
    seen = []
    for places, some in examples.joined(parts, cells):
        rows, width = some.inputs["input_ids"].shape
        assert rows * width <= cells or rows == 1
        assert (some.inputs["attention_mask"].sum(dim=1).max()) == width
        assert rows_without_padding(some.inputs) == [wanted[place] for place in places.tolist()]
        lined = {**some.labels, "attention_mask": some.inputs["attention_mask"]}
        assert rows_without_padding(lined, "labels") == [labels[place] for place in places.tolist()]
        assert (some.inputs["input_ids"][some.inputs["attention_mask"] == 0] == examples.vocabulary.pad_id).all()
        assert torch.equal(some.share, shares[places])
        seen += places.tolist()
    assert sorted(seen) == list(range(3 * 14))


def test_units_can_be_the_tasks_own():
    examples = examples_on("left")
    lengths = examples.lengths
    # One unit of two tokens behind the opening one; nothing else may be hidden.
    words = Ragged.from_rows([[-1, 0, 0, *[-1] * (n - 3)] for n in lengths])
    own = EncodedTexts(**{**vars(examples), "words": words})
    hidden = own.hide(own.batch(range(1, 9)), masking({"count": 1}), MOMENT)
    assert set(hidden.inputs) == {"input_ids", "attention_mask"}
    for row, ids in enumerate(rows_without_padding(hidden.inputs)):
        places = [place for place, one in enumerate(ids) if one == own.vocabulary.mask_id]
        assert places == [1, 2], row
    whole = own.hide(own.batch([4]), None, MOMENT)
    assert set(whole.inputs) == {"input_ids", "attention_mask"}


def test_rows_for_collators_hold_ids_and_the_number_of_the_example():
    examples = examples_on("right")
    rows = rows_of_ids(examples, masking())
    assert rows[2] == {"input_ids": examples.inputs["input_ids"][2].tolist(), "example_id": 102}
    assert len(rows) == 14

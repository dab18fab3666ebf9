"""Budgets and regions that leave nothing, or everything, of the examples at hand."""

import json

import pytest

from maskwright import tasks
from maskwright.errors import ConfigError
from maskwright.tasks import parse_config
from maskwright.tasks.hidden_share import amount_notes
from maskwright.train.run import train
from tests.tasks.pictures import write_pictures


@pytest.fixture
def notes(tmp_path):
    """Notes on a masking: texts of 3, 4, ... words, or pictures of 16 patches."""

    def of(masking, task="text-classification"):
        task = tasks.get(task)
        config = config_of(tmp_path, masking, task)
        return amount_notes(task, config, task.load(config.data))

    return of


def config_of(folder, masking, task):
    data = {"train": str(folder / "train.jsonl")}
    if task.words.input == "image":
        data = {"train": str(write_pictures(folder / "train")), "size": 16}
    else:
        rows = [{"text": f"{i} is" + " so" * (1 + i // 2), "label": "ab"[i % 2]} for i in range(20)]
        (folder / "train.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    node = {
        "task": task.name,
        "model": "scratch:tiny",
        "data": data,
        "masking": {"pattern": "iid", "fill": "mask-token", **masking},
        "training": {"output": str(folder / "run"), "epochs": 1},
    }
    return parse_config(node)


def test_more_than_every_example_has_is_refused(notes):
    with pytest.raises(ConfigError, match=r"count 1000, and the largest of the \d+ training examples .* has 12 units"):
        notes({"budget": {"count": 1000}, "unit": "word"})
    with pytest.raises(ConfigError, match="the largest of the 22 training examples looked at has 16 units"):
        notes({"budget": {"count": 1000}, "unit": "patch"}, "image-classification")
    nested = {"budgeted": {"pattern": "iid", "budget": {"count": 99}}}
    with pytest.raises(ConfigError, match="count 99, and"):
        notes({"pattern": nested, "budget": None, "unit": "word", "clean_share": 0.5})


def test_a_run_is_not_begun(tmp_path):
    with pytest.raises(ConfigError, match="everything would be hidden"):
        train(config_of(tmp_path, {"budget": {"count": 1000}, "unit": "word"}, tasks.get("text-classification")))
    assert not (tmp_path / "run").exists()


def test_some_examples_that_have_no_more_are_told(notes):
    (note,) = notes({"budget": {"count": 4}, "unit": "word"})
    assert "everything is hidden of " in note
    assert "no more units than that (masking.budget: count 4)" in note
    assert notes({"budget": {"count": 2}, "unit": "word"}) == ()
    assert notes({"budget": {"count": 15}, "unit": "patch"}, "image-classification") == ()


def test_empty_regions_are_told(notes):
    late = {"within": {"pattern": "iid", "region": {"token": [6, None]}}}
    (note,) = notes({"pattern": late, "budget": 1.0, "unit": "token"})
    assert "nothing is hidden of 6 of the 18 training examples looked at (33%)" in note
    early = {"within": {"pattern": "iid", "region": {"token": [0, 2]}}}
    assert notes({"pattern": early, "budget": 1.0, "unit": "token", "clean_share": 0.5}) == ()
    rising = {"schedule": {"start": 0.0, "end": 0.5}}
    assert notes({"pattern": early, "budget": rising, "unit": "token"}) == ()


def test_regions_are_ranges_of_the_unit(notes):
    words = {"within": {"pattern": "iid", "region": {"word": [6, None]}}}
    (note,) = notes({"pattern": words, "budget": 1.0, "unit": "word"})
    assert "nothing is hidden of 8 of the 18" in note
    tokens = {"within": {"pattern": "iid", "region": {"token": [6, None]}}}
    with pytest.raises(ConfigError, match="Within is not for text, which has the one axis 'word'"):
        notes({"pattern": tokens, "budget": 1.0, "unit": "word"})


def test_other_maskings_are_not_drawn(notes, monkeypatch):
    monkeypatch.setattr("maskwright.tasks.hidden_share._drawn", None)
    assert notes({"budget": 0.9, "unit": "word"}) == ()


def test_a_share_of_everything_is_refused_like_a_count_of_it(notes):
    with pytest.raises(ConfigError, match=r"ratio 1, and .* everything would be hidden"):
        notes({"budget": 1.0, "unit": "word"})

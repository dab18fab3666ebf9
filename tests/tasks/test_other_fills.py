"""The second way of taking away: of every task, and never the run's own."""

import pytest

from maskwright import fills, tasks
from maskwright.evaluate.sweep import in_words

COMPARED = [name for name in tasks.names() if tasks.get(name).other_fill is not None]


def test_every_task_with_a_twin_has_one():
    assert set(tasks.names()) - set(COMPARED) == {"masked-image", "masked-video"}


@pytest.mark.parametrize("name", COMPARED)
@pytest.mark.parametrize("fill", ["mask-token", "drop", "random-token", "mean", "noise", "zero"])
def test_it_differs_from_the_runs_own(name, fill):
    class Reader:
        mask_token_id = 4

    other = tasks.get(name).other_fill(fill, Reader())
    parts = other.values() if isinstance(other, dict) else [other]
    assert all(fills.from_node(part) != fills.from_node(fill) for part in parts)
    assert in_words(other)


def test_of_several_modalities_it_is_that_of_what_evaluation_hides():
    class Reader:
        mask_token_id = 4

    of_both = {"source": "mask-token", "target": "random-token"}
    assert tasks.get("translation").other_fill(of_both, Reader()) == "drop"
    of_both = {"image": "noise", "text": "drop"}
    assert tasks.get("image-text-classification").other_fill(of_both, Reader()) == {
        "image": "mean",
        "text": "mask-token",
    }

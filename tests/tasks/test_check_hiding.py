"""What `check_task` says of copies of a task that hide wrongly."""

import dataclasses

import pytest
import torch

from maskwright.tasks import parse_config
from maskwright.tasks.tagging import token_classification as tagging
from maskwright.tasks.text.encoded import IGNORED, LABELS, EncodedTexts
from maskwright.testing import ConformanceError
from maskwright.testing.task_hiding import TASK_HIDING_CHECKS
from maskwright.testing.tasks import TaskSubject
from tests.tasks.tagging import made_up

CHECKS = {check.name: check for check in TASK_HIDING_CHECKS}


class Rolled(EncodedTexts):
    """Tags go one word on."""

    def hide(self, batch, masking, moment):
        hidden = super().hide(batch, masking, moment)
        if masking is None:
            return hidden
        tags = torch.full_like(hidden.labels[LABELS], IGNORED)
        for row, before in enumerate(hidden.labels[LABELS]):
            places = torch.nonzero(before != IGNORED)[:, 0]
            tags[row, places] = before[places.roll(1)]
        return dataclasses.replace(hidden, labels={**hidden.labels, LABELS: tags})


class Stayed(EncodedTexts):
    """Tags stay where they were, whatever is dropped."""

    def hide(self, batch, masking, moment):
        hidden = super().hide(batch, masking, moment)
        width = hidden.inputs["input_ids"].shape[1]
        tags = batch.labels[LABELS][:, :width]
        count = int((tags != IGNORED).sum())
        return dataclasses.replace(hidden, labels={**hidden.labels, LABELS: tags}, count=count)


class Shared(EncodedTexts):
    """The share is always the same."""

    def hide(self, batch, masking, moment):
        hidden = super().hide(batch, masking, moment)
        return hidden if masking is None else dataclasses.replace(hidden, share=hidden.share * 0 + 0.123)


class Opened(EncodedTexts):
    """The opening token is hidden too."""

    def hide(self, batch, masking, moment):
        hidden = super().hide(batch, masking, moment)
        ids = hidden.inputs["input_ids"].clone()
        ids[:, 0] = self.vocabulary.mask_id
        return hidden if masking is None else dataclasses.replace(hidden, inputs={**hidden.inputs, "input_ids": ids})


class Padded(EncodedTexts):
    """Padding is attended to."""

    def hide(self, batch, masking, moment):
        hidden = super().hide(batch, masking, moment)
        attention = torch.ones_like(hidden.inputs["attention_mask"])
        return dataclasses.replace(hidden, inputs={**hidden.inputs, "attention_mask": attention})


class Lawless(EncodedTexts):
    """The weights of a law get lost."""

    def hide(self, batch, masking, moment):
        return dataclasses.replace(super().hide(batch, masking, moment), weight=batch.weight)


def subject(kind, folder, fill):
    """The task of tags with other examples."""

    def encode(*arguments, **named):
        return kind(**vars(tagging.encode(*arguments, **named)))

    node = {"task": "token-classification", "model": "scratch:tiny", "data": made_up.files(folder, 48)}
    node |= {"masking": made_up.masking(fill), "training": {"output": str(folder / "run")}}
    return TaskSubject(dataclasses.replace(tagging.TASK, encode=encode), parse_config(node), folder)


@pytest.mark.parametrize(
    ("kind", "fill", "check", "message"),
    [
        (Rolled, "drop", "labels", r"labels, word_number; tokens that stay have other labels: drop in examples \d"),
        (Rolled, "mask-token", "labels", r"other labels: mask-token in examples \d"),
        (Stayed, "drop", "labels", r"other labels: drop in examples \d"),
        (Stayed, "mask-token", "labels", r"other labels: drop in examples \d"),
        (Shared, "mask-token", "share", r"share 0\.1230, shown \d+ of \d+ units hidden"),
        (Opened, "mask-token", "everything", r"mask-token: special tokens changed"),
        (Opened, "drop", "everything", r"special tokens are gone"),
        (Padded, "mask-token", "everything", r"another attention mask"),
        (Lawless, "mask-token", "law", r"weights from 1\.000 to 1\.000"),
    ],
)
def test_a_wrong_copy_is_found(kind, fill, check, message, tmp_path):
    with pytest.raises(ConformanceError, match=message):
        CHECKS[check](subject(kind, tmp_path, fill))


@pytest.mark.parametrize("fill", ["mask-token", "drop", "random-token", "keep"])
def test_the_task_itself_passes(fill, tmp_path):
    itself = subject(EncodedTexts, tmp_path, fill)
    assert [check(itself).verdict for check in TASK_HIDING_CHECKS] == ["pass"] * 4

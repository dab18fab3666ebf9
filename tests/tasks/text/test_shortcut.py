"""Texts without a shortcut as models read them: the mask token's own id where words were."""

import pytest
from transformers import PreTrainedTokenizerFast

from maskwright import tasks
from maskwright.data.shortcut.section import DELETED, MASKED, VARIANTS
from maskwright.tasks.text import text_classification
from maskwright.tasks.text.models import mask_text, readable_variants


@pytest.fixture
def run(tmp_path):
    """Read a run on texts, or on pairs, of which some say spam."""

    def load(pairs=False):
        def table(start, n):
            second = ",a Spam claim" * pairs
            lines = (f"Spam number {i} is spam{second},{'ab'[i % 2]}\n" for i in range(start, start + n))
            return f"text{',text_pair' * pairs},label\n" + "".join(lines)

        for name, start in (("train", 0), ("test", 100)):
            (tmp_path / f"{name}.csv").write_text(table(start, 20))
        files = {name: str(tmp_path / f"{name}.csv") for name in ("train", "test")}
        config = tasks.parse_config(
            {"model": "scratch:tiny", "data": {**files, "shortcut": ["spam"]}, "masking": "none"}
        )
        return config, tasks.get(config.task).load(config.data)

    return load


@pytest.mark.parametrize(("pairs", "gaps"), [(False, 2), (True, 3)])
def test_the_mask_token_is_read_as_one(run, pairs, gaps):
    config, data = run(pairs)
    task = tasks.get(config.task)
    tokenizer = task.reader(config, data)
    assert task.readable is not None
    read = task.readable(data, tokenizer)
    assert read.variants == VARIANTS
    masked, shorter, whole = (
        text_classification.encode(rows, tokenizer, config, data=read).inputs["input_ids"]
        for rows in (read.variant(MASKED), read.variant(DELETED), read.test)
    )
    rows = range(len(read.test))
    assert [list(masked[row]).count(tokenizer.mask_token_id) for row in rows] == [gaps] * len(rows)
    assert all(len(shorter[row]) < len(whole[row]) for row in rows)


def test_a_tokenizer_without_a_mask_token(run):
    config, data = run()
    tokenizer = tasks.get(config.task).reader(config, data)
    assert mask_text(tokenizer) == tokenizer.mask_token
    bare = PreTrainedTokenizerFast(tokenizer_object=tokenizer.backend_tokenizer, pad_token="[PAD]", unk_token="[UNK]")
    assert mask_text(bare) is None
    assert readable_variants(data, bare).variants == tuple(name for name in VARIANTS if name != MASKED)

"""Small models and pairs, made once."""

import pytest

from maskwright import tasks
from maskwright.tasks import parse_config
from tests.tasks.translation.saved_models import FAMILIES, PAIRS, write_pairs


@pytest.fixture(scope="session")
def pairs_file(tmp_path_factory):
    return write_pairs(tmp_path_factory.mktemp("pairs") / "pairs.jsonl", PAIRS)


@pytest.fixture(scope="session")
def pretrained_model(tmp_path_factory):
    """A saved model of a family, made when it is first asked for."""
    made = {}

    def model(family):
        if family not in made:
            made[family] = FAMILIES[family](tmp_path_factory.mktemp(family))
        return made[family]

    return model


@pytest.fixture
def make_config(pairs_file, tmp_path):
    def make(model="scratch:tiny", masking="automask", *, data=None, **sections):
        node = {
            "task": "translation",
            "model": str(model),
            "data": {"train": str(pairs_file), "source": "en", "target": "fr", "max_length": 32, **(data or {})},
            "masking": masking,
            "training": {"output": str(tmp_path / "run"), "dtype": "fp32", **sections.pop("training", {})},
            **sections,
        }
        return parse_config(node)

    return make


@pytest.fixture
def built():
    """Data, model with its tokenizer, and encoded training split of a configuration."""

    def build(config):
        task = tasks.get("translation")
        data = task.load(config.data)
        made = task.build(config, data)
        made.model.eval()
        return data, made, task.encode(data.train, made.reader, config, data=data)

    return build

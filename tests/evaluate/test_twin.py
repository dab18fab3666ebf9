import pytest

from maskwright.errors import RunError
from maskwright.evaluate.twin import TrainedRun, differences, find, is_twin
from maskwright.tasks import parse_config
from maskwright.train.files import write_json, write_text
from maskwright.train.folder import FORMAT, RunFolder


def make(path, *, masking="none", fingerprint="a", finished=True, kept_by="accuracy", **training):
    """A run folder without weights: all that finding a twin reads."""
    from maskwright.config import dump_config

    config = parse_config(
        {
            "model": "scratch:tiny",
            "data": {"train": "a.csv"},
            "masking": masking,
            "training": {"output": str(path), **training},
        }
    )
    (path / "model").mkdir(parents=True)
    for name in ("config.json", "model.safetensors"):
        write_text(path / "model" / name, "")
    write_text(path / "run.yaml", dump_config(config))
    status = "finished" if finished else "running"
    info = {"format": FORMAT, "status": status, "data_fingerprint": fingerprint, "seed": config.training.seed}
    info |= {"kept_by": kept_by}
    write_json(path / "maskwright.json", info)
    return path


def read(path):
    return TrainedRun.read(RunFolder(path))


@pytest.fixture
def masked(tmp_path):
    return read(make(tmp_path / "masked", masking="automask"))


def test_a_neighbour_without_masking_is_the_twin(masked, tmp_path):
    make(tmp_path / "plain", workers=2)
    found = find(masked)
    assert found is not None
    assert found.folder.path.name == "plain"


@pytest.mark.parametrize(
    "changed",
    [
        {"seed": 1},
        {"learning_rate": 1e-3},
        {"masking": "automask"},
        {"fingerprint": "b"},
        {"finished": False},
        {"kept_by": "macro_f1"},
    ],
)
def test_other_neighbours_are_not(masked, tmp_path, changed):
    make(tmp_path / "plain", **changed)
    assert find(masked) is None


def test_the_folder_inside_comes_first(masked, tmp_path):
    make(tmp_path / "a")
    make(tmp_path / "masked" / "twin")
    found = find(masked)
    assert found is not None
    assert found.folder.path == tmp_path / "masked" / "twin"


def test_a_wrong_twin_inside_is_told(masked, tmp_path):
    make(tmp_path / "masked" / "twin", learning_rate=1e-3)
    with pytest.raises(RunError, match=r"training\.learning_rate: 0\.001 and 5e-05"):
        find(masked)


def test_an_unfinished_twin_inside_is_left_to_training(masked, tmp_path):
    make(tmp_path / "masked" / "twin", finished=False)
    assert find(masked) is None


def test_a_run_is_not_its_own_twin(tmp_path):
    plain = read(make(tmp_path / "plain"))
    assert not is_twin(plain, plain)
    assert differences(plain, plain) == []

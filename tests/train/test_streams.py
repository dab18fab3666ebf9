"""Training rows read as a stream: the same steps however they are shared, and an exact way on after a kill."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from maskwright.errors import ConfigError, RunError
from maskwright.tasks import parse_config
from maskwright.train.folder import RunFolder
from maskwright.train.run import train
from tests.train.conftest import TOPICS, write_rows
from tests.train.test_resume import check_identical, killed_at

STEPS = 20
"""Of 16 rows; a pass over 83 rows has 5, so that these are four passes."""


@pytest.fixture(scope="session")
def shards(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shards")
    for part in range(3):
        write_rows(folder / f"part-{part}.jsonl", 25 + 4 * (part == 1) + 2 * part, start=100 * part)
    return str(folder / "part-*.jsonl")


@pytest.fixture
def streamed(make_config, shards):
    def make(name="streamed", **training):
        data = {"train": shards, "stream": True, "buffer": 20}
        settings = {"max_steps": STEPS, "batch_size": 16, "save_every": 3, "evaluate_every": 6, **training}
        return make_config(name, data=data, **settings)

    return make


def norms(path):
    return [line["grad_norm"] for line in RunFolder(path).metrics() if "grad_norm" in line]


def test_a_stream_is_learned(streamed):
    path = train(streamed(max_steps=60, learning_rate=3e-3))
    scores = [line["validation"]["accuracy"] for line in RunFolder(path).metrics() if "validation" in line]
    assert max(scores) > 1.5 / len(TOPICS)
    assert len(norms(path)) == 60


def test_workers_change_nothing(streamed):
    check_identical(train(streamed("workers", workers=2)), train(streamed("none")))


SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    "step", [6, pytest.param(4, marks=SLOW), pytest.param(5, marks=SLOW), pytest.param(17, marks=SLOW)]
)
def test_a_killed_run_goes_on_to_the_bit(streamed, tmp_path, step):
    """Within a pass, at its last step, at the first of the next, and within the last."""
    config = streamed("killed")
    killed_at(step, config, tmp_path)
    check_identical(train(config), train(streamed("whole")))


def test_accumulation_gives_the_same_gradients(streamed, still_model_folder):
    one = train(streamed("one", model=still_model_folder))
    four = train(streamed("four", model=still_model_folder, batch_size=4, gradient_accumulation=4))
    assert norms(four)[:3] == pytest.approx(norms(one)[:3], rel=1e-6)
    assert norms(four) == pytest.approx(norms(one), rel=1e-3)


@pytest.mark.slow
def test_two_processes_give_the_same_gradients(streamed, still_model_folder, tmp_path):
    from maskwright.config import dump_config

    one = train(streamed("one", model=still_model_folder))
    config = streamed("two", model=still_model_folder, batch_size=8)
    (tmp_path / "run.yaml").write_text(dump_config(config))
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "-m", "maskwright", "train"]
    done = subprocess.run(
        [*command, str(tmp_path / "run.yaml")],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert norms(tmp_path / "two")[:3] == pytest.approx(norms(one)[:3], rel=1e-6)


def test_a_stream_smaller_than_a_step_is_refused(streamed):
    with pytest.raises(RunError, match=r"fewer than 200 rows.*data\.stream=false"):
        train(streamed(batch_size=200))


def test_a_stream_needs_a_number_of_steps(shards):
    with pytest.raises(ConfigError, match=r"training\.max_steps: a stream has no end"):
        parse_config({"model": "scratch:tiny", "data": {"train": shards, "stream": True}})


def test_damaged_rows_are_left_out_where_that_is_asked_for(streamed, tmp_path, shards):
    import glob

    folder = tmp_path / "damaged"
    folder.mkdir()
    for number, path in enumerate(sorted(glob.glob(shards))):
        lines = Path(path).read_text().splitlines()
        lines[5] = lines[5][:-4]
        (folder / f"part-{number}.jsonl").write_text("\n".join(lines) + "\n")
    config = streamed("left-out")
    data = config.data.model_copy(update={"train": str(folder / "part-*.jsonl"), "skip_damaged": True})
    path = train(config.model_copy(update={"data": data}))
    assert len(norms(path)) == STEPS

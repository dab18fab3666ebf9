"""Clips: what is cut from them, units and fills, what is refused before training, and whole runs."""

import json
import os
import signal
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from maskwright import tasks
from maskwright.config import dump_config
from maskwright.errors import ConfigError, DataError
from maskwright.preview.run import preview_run
from maskwright.rng import Moment
from maskwright.tasks import parse_config
from maskwright.tasks.rendering import as_bytes
from maskwright.tasks.video import frames
from maskwright.tasks.video.video_classification import TASK
from maskwright.tasks.vision import models as vision_models
from maskwright.testing import check_task
from maskwright.train.folder import RunFolder
from maskwright.train.run import train
from maskwright.train.stop import TrainingStopped

task = TASK

HALF = {"pattern": "iid", "budget": 0.5, "fill": "drop", "unit": "tubelet"}


def clips(n, length=4, seed=0):
    """n clips of each of two classes: a bright half that goes down from the upper half, or up."""
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 60, (2 * n, length, 16, 16, 3)).astype(np.uint8)
    labels = np.resize(["down", "up"], 2 * n)
    for clip, label in zip(values, labels, strict=True):
        for time in range(length):
            low = (time >= length // 2) == (label == "down")
            clip[time, 8 * low : 8 * low + 8] += 150
    return values, labels


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    root = tmp_path_factory.mktemp("clips")
    for seed, (name, n) in enumerate({"train": 12, "validation": 4, "test": 4}.items()):
        values, labels = clips(n, seed=seed)
        np.savez(root / f"{name}.npz", clips=values, labels=labels)
    return {name: str(root / f"{name}.npz") for name in ("train", "validation", "test")}


@pytest.fixture
def make_config(files, tmp_path, monkeypatch):
    monkeypatch.setitem(vision_models.SIZES, "tiny", vision_models.Size(layers=1, hidden=24, heads=2))

    def make(name="run", model="scratch:tiny", masking=HALF, evaluation=None, data=None, objective=None, **training):
        settings = {"epochs": 2, "batch_size": 8, "learning_rate": 3e-3, "output": str(tmp_path / name), **training}
        cut = {} if model != "scratch:tiny" else {"frames": 4, "size": 16, "patch": 4}
        node = {
            "task": "video-classification",
            "model": str(model),
            "data": {**files, **cut, **(data or {})},
            "masking": masking,
            "objective": objective,
            "training": settings,
            "evaluation": {"ratios": [0, 0.5], "bootstrap": 200, "draws": 1, **(evaluation or {})},
        }
        return parse_config(node)

    return make


def encoded(config, split="train"):
    data = task.load(config.data)
    return task.encode(getattr(data, split), task.reader(config, data), config, data=data)


def hide(config, rows=(0, 1, 2), **moment):
    """Pixels of some clips, and the clips hidden."""
    examples = encoded(config)
    batch = examples.batch(rows)
    return batch.inputs["pixel_values"], examples.hide(batch, config.masking, Moment(**moment))


@pytest.mark.parametrize("fill", ["drop", "mask-token", "noise"])
def test_the_contract_is_kept(files, tmp_path, monkeypatch, fill):
    monkeypatch.setitem(vision_models.SIZES, "tiny", vision_models.Size(layers=1, hidden=24, heads=2))
    node = {"model": "scratch:tiny", "data": {**files, "frames": 4, "size": 16}, "masking": {**HALF, "fill": fill}}
    check_task("video-classification", {**node, "training": {"output": str(tmp_path / "run")}}, tmp_path)


def test_the_defaults_are_tubelets_and_tubes(make_config):
    config = make_config()
    assert tasks.get("video-classification") is task
    assert config.evaluation.unit == "tubelet"
    assert list(config.evaluation.named_patterns) == ["iid", "tied(iid, axis=frame)"]
    assert parse_config(json.loads(json.dumps(config.model_dump(mode="json")))) == config
    assert "tied" in dump_config(config)


@pytest.mark.parametrize("n", [4, 5, 9, 64])
def test_frames_are_taken_evenly(n):
    chosen = frames.places(n, 4)
    steps = np.diff(chosen)
    assert steps.min() >= max(1, steps.max() - 1)
    assert 0 <= chosen[0] - (n - 1 - chosen[-1]) <= 1  # as much is left over at both ends


def test_longer_clips_are_sampled_and_told(make_config, tmp_path):
    values, labels = clips(3, length=9)
    np.savez(tmp_path / "long.npz", clips=values, labels=labels)
    config = make_config(data={"test": str(tmp_path / "long.npz")})
    data = task.load(config.data)
    examples = encoded(config, "test")
    expected = torch.from_numpy(values[0][[1, 3, 5, 7]] / 127.5 - 1).permute(0, 3, 1, 2).float()
    torch.testing.assert_close(examples.pixels([0])[0], expected)
    assert "0 of train, 0 of validation, 6 of test" in task.describe(config, data)[1]


def test_short_clips_are_refused_before_training_with_all_of_them(make_config, tmp_path):
    values, labels = clips(2, length=3, seed=9)
    np.savez(tmp_path / "short.npz", clips=values, labels=labels)
    config = make_config(data={"test": str(tmp_path / "short.npz")})
    data = task.load(config.data)
    with pytest.raises(DataError) as refused:
        task.describe(config, data)
    places = [problem.where for problem in refused.value.problems]
    assert places == [*(f"{tmp_path}/short.npz, clips[{i}]" for i in range(3)), "test"]
    assert f"test: 1 more clips with fewer than 4 frames. Namely: {tmp_path}/short.npz, clips[3]." in str(refused.value)
    assert "the clip has 3 frames, the model takes 4" in str(refused.value)
    assert "data.frames=2" in str(refused.value)
    with pytest.raises(DataError, match="the model takes 4"):
        train(config)
    with pytest.raises(DataError, match="has 3 frames"):
        frames.open_frames(data.test["clip"][0], 4)


UNITS = {"tubelet": (2, 4, 4), "frame": (1, 16, 16), "patch": (1, 4, 4), "pixel": (1, 1, 1)}


@pytest.mark.parametrize(("unit", "sides"), UNITS.items())
def test_units_on_pixels(make_config, unit, sides):
    pixels, hidden = hide(make_config(masking={**HALF, "fill": {"constant": 9.0}, "unit": unit}))
    gone = (hidden.inputs["pixel_values"] == 9.0).all(dim=2)
    t, r, c = sides
    boxes = gone.unfold(1, t, t).unfold(2, r, r).unfold(3, c, c).flatten(4)
    assert torch.equal(boxes.any(-1), boxes.all(-1))
    assert boxes.all(-1).float().mean((1, 2, 3)).tolist() == hidden.share.tolist() == [0.5] * 3
    assert torch.equal(boxes.all(-1), hidden.mask)
    seen = ~gone[:, :, None].expand_as(pixels)
    assert torch.equal(hidden.inputs["pixel_values"][seen], pixels[seen])


def test_frames_inside_the_model_are_those_of_a_tubelet(make_config):
    _, hidden = hide(make_config(masking={**HALF, "unit": "frame"}, evaluation={"unit": "frame", "patterns": ["iid"]}))
    dropped = hidden.inputs["dropped_patches"].unflatten(1, (2, 16))
    assert torch.equal(dropped.any(-1), dropped.all(-1))
    assert torch.equal(dropped.all(-1), hidden.mask.flatten(1))
    assert hidden.share.tolist() == [0.5] * 3


def test_patterns_see_whole_frames_as_one_axis(make_config):
    masking = {"pattern": {"suffix": {"axis": "frame"}}, "budget": 0.5, "fill": {"constant": 9.0}, "unit": "frame"}
    pixels, hidden = hide(make_config(masking=masking))
    assert torch.equal(hidden.inputs["pixel_values"][:, :2], pixels[:, :2])
    assert (hidden.inputs["pixel_values"][:, 2:] == 9.0).all()


def test_shares_are_rounded_alike_where_attention_takes_no_mask(make_config):
    _, hidden = hide(make_config(masking={**HALF, "budget": 0.3}), rows=range(24))
    assert set(hidden.inputs["dropped_patches"].sum(1).tolist()) == {10}  # of 9.6
    moving = {**HALF, "budget": {"schedule": [0.0, 0.6]}}
    _, hidden = hide(make_config(masking=moving), rows=range(24), progress=0.5)
    assert set(hidden.inputs["dropped_patches"].sum(1).tolist()) == {10}


def test_masks_do_not_depend_on_the_batch(make_config):
    config = make_config()
    one, other = (hide(config, rows, epoch=3)[1].inputs["dropped_patches"] for rows in ([5, 2], [2, 7, 9]))
    assert torch.equal(one[1], other[0])


FILLS = ["mean", "noise", "blur", "indicator", "drop", "mask-token"]


@pytest.mark.parametrize("fill", FILLS)
def test_every_fill_trains_and_is_loaded_back(make_config, fill):
    config = make_config(masking={**HALF, "fill": fill}, epochs=1)
    path = train(config)
    model = task.restore(path / "model").model.eval()
    examples = encoded(config, "test")
    batch = examples.batch([0, 1, 2])
    whole, hidden = (examples.hide(batch, masking, Moment(1)) for masking in (None, config.masking))
    assert hidden.share.tolist() == [0.5] * 3
    with torch.no_grad():
        assert not np.array_equal(task.predict(model, hidden, None), task.predict(model, whole, None))
    saved, now = load_file(path / "model" / "model.safetensors"), model.state_dict()
    for name, value in saved.items():  # which is saved under the names of the model's first release
        assert torch.equal(value, now[name.replace("q_bias", "query.bias").replace("v_bias", "value.bias")])
    environment = RunFolder(path).environment()
    assert environment["cells"] * (2 if fill == "drop" else 1) == environment["cells_whole"] == 24 * 32


def save(folder, kind):
    from transformers import VideoMAEConfig, VideoMAEForPreTraining, VivitConfig, VivitModel
    from transformers.models.vivit.image_processing_vivit import VivitImageProcessor

    from maskwright.tasks.video.clip_tasks import reader_of

    small: dict[str, Any] = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    small["intermediate_size"] = 16
    if kind == "vivit":
        VivitModel(VivitConfig(image_size=16, num_frames=4, tubelet_size=[2, 8, 8], **small)).save_pretrained(folder)
        VivitImageProcessor(size={"shortest_edge": 16}, crop_size={"height": 16, "width": 16}).save_pretrained(folder)
        return folder
    decoder: dict[str, Any] = {f"decoder_{name}": value for name, value in small.items()}
    own = VideoMAEConfig(image_size=16, patch_size=8, num_frames=4, use_mean_pooling=False, **small, **decoder)
    VideoMAEForPreTraining(own).save_pretrained(folder)
    node = {"task": "video-classification", "model": "scratch:tiny", "data": {"train": "x", "size": 16}}
    reader_of(parse_config(node)).save_pretrained(folder)
    return folder


def test_a_pretrained_videomae_is_taken_over(make_config, tmp_path):
    from transformers import VideoMAEForPreTraining

    folder = save(tmp_path / "model", "videomae")
    config = make_config(model=folder)
    built = task.build(config, task.load(config.data))
    before, now = VideoMAEForPreTraining.from_pretrained(folder).state_dict(), built.model.state_dict()
    taken = [name for name in now if name.startswith("videomae.")]
    assert len(taken) > 10
    assert all(torch.equal(before[name], now[name]) for name in taken)
    assert (built.notes, built.model.config.use_mean_pooling) == ((), True)
    path = train(make_config(model=folder, data={"frames": 2}, epochs=0.5))
    assert task.restore(path / "model").model.config.num_frames == 2


@pytest.mark.parametrize("fill", ["drop", "noise"])
def test_vivit_trains(make_config, tmp_path, fill):
    uneven = {"pattern": "iid", "budget": {"uniform": [0.2, 0.8]}, "fill": fill, "unit": "tubelet"}
    path = train(make_config(model=save(tmp_path / "model", "vivit"), masking=uneven, epochs=0.5))
    built = task.restore(path / "model")
    assert built.model.config.model_type == "vivit"
    clip = clips(1)[0][0]
    pixels = built.reader([list(clip)], return_tensors="np")["pixel_values"][0]
    assert np.array_equal(as_bytes(pixels, built.reader), clip)


def test_learnt_positions_are_not_cut(make_config, tmp_path):
    config = make_config(model=save(tmp_path / "model", "vivit"), data={"frames": 2})
    with pytest.raises(ConfigError, match=r"learnt its positions for 4 frames.*given 2 of 16 x 16"):
        task.describe(config, task.load(config.data))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"masking": {**HALF, "unit": "word"}}, "for texts"),
        ({"masking": {**HALF, "unit": "patch"}}, r"masking.unit: .*given 'patch'.*Set tubelet or frame"),
        ({"masking": {**HALF, "pattern": "blockwise"}}, "masking.pattern: Blockwise is not for the axes"),
        ({"evaluation": {"unit": "tublet"}}, "Did you mean 'tubelet'"),
        ({"evaluation": {"unit": "frame"}}, r"evaluation.patterns \(tied.*Tied is not for the axes frame"),
        ({"evaluation": {"patterns": ["tied"]}}, "tied: the parameter 'pattern' is missing"),
        ({"model": "scratch:tinny"}, "Did you mean 'tiny'"),
        ({"objective": "reconstruct"}, "video-classification learns supervised or consistency"),
    ],
    ids=["unit", "inside", "pattern", "evaluation", "frames", "tied", "model", "objective"],
)
def test_what_does_not_go_with_clips_is_refused(make_config, changes, message):
    with pytest.raises(ConfigError, match=message):
        make_config(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"masking": {**HALF, "budget": {"uniform": [0.2, 0.8]}}}, "equally many.*hides .* of 32 tubelets"),
        ({"masking": {**HALF, "clean_share": 0.5}}, "hides 0 to 16 of 32 tubelets.*no clean_share"),
        ({"masking": {**HALF, "budget": 0.99}}, "all 32 tubelets are hidden"),
        ({"evaluation": {"patterns": ["multiblock"]}}, r"evaluation.patterns \(multiblock, 0.5\).*equally many"),
        ({"data": {"frames": 3}}, "3 frames cannot be cut into tubelets of 2"),
        ({"data": {"patch": 5}}, "data.patch.*cannot be cut"),
    ],
    ids=["budget", "clean", "all", "evaluation", "frames", "patch"],
)
def test_what_the_model_cannot_be_given_is_refused_at_check(make_config, changes, message):
    config = make_config(**changes)
    with pytest.raises(ConfigError, match=message):
        task.describe(config, task.load(config.data))


def test_check_tells_how_clips_are_cut(make_config):
    config = make_config()
    (line,) = task.describe(config, task.load(config.data))
    assert "4 frames of 16 x 16 pixels; hidden whole are 2 x 4 x 4 tubelets of 2 x 4 x 4" in line


@pytest.mark.parametrize("unit", ["tubelet", "frame"])
def test_preview_shows_what_training_hides(make_config, unit):
    config = make_config(masking={**HALF, "unit": unit}, evaluation={"patterns": ["iid"]})
    seen = preview_run(task, config, task.load(config.data), 3, epoch=0)
    assert seen["hidden"] * 2 == seen["units"] == 3 * (32 if unit == "tubelet" else 2)
    assert seen["unit"] == unit
    for example in seen["examples"]:
        (_, whole), (_, masked) = example["pictures"]
        assert whole.shape == masked.shape == (16, 4 * 17 - 1, 3)  # four frames with lines between
        assert 0 < (whole != masked).any(axis=-1).mean() <= 0.5


def test_two_views_are_made_consistent(make_config):
    config = make_config(objective={"consistency": {"weight": 0.5}}, epochs=1)
    environment = RunFolder(train(config)).environment()
    assert environment["cells"] * 2 == environment["cells_whole"] == 2 * 24 * 32  # two views of every clip


def test_new_weights_depend_on_the_seed_alone(make_config):
    config = make_config()
    data = task.load(config.data)
    torch.manual_seed(1)
    one = task.build(config, data).model
    torch.rand(3)
    other = task.build(config, data).model
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))
    assert one.config.id2label == {0: "down", 1: "up"}


def test_a_stopped_run_goes_on_to_the_same_weights(make_config):
    def stop_in_the_third_step(event):
        if event.kind == "step" and event.step == 2:
            os.kill(os.getpid(), signal.SIGINT)

    whole = train(make_config("whole", save_every=2))
    with pytest.raises(TrainingStopped):
        train(make_config("broken", save_every=2), on_progress=stop_in_the_third_step)
    broken = train(make_config("broken", save_every=2))
    assert (whole / "metrics.jsonl").read_bytes() == (broken / "metrics.jsonl").read_bytes()
    one, other = (load_file(path / "model" / "model.safetensors") for path in (whole, broken))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_whole_run_is_evaluated_against_its_twin(make_config):
    from maskwright.evaluate.run import evaluate

    path = train(make_config(epochs=10, learning_rate=1e-2))
    document = evaluate([path]).document
    assert document["clean"]["model"]["value"] > 0.8
    assert document["settings"]["patterns"] == ["iid", "tied(iid, axis=frame)"]
    shown = document["examples"]["items"][0]["pictures"]
    assert all(picture["src"].startswith("data:image/png;base64,") for picture in shown)

"""Completing clips: what VideoMAE is given and what counts, what is refused, and what fine-tuning takes over."""

import os
import re
import signal
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import VideoMAEConfig, VideoMAEForPreTraining, VivitConfig

from maskwright import tasks
from maskwright.errors import ConfigError, RunError
from maskwright.evaluate.run import evaluate
from maskwright.masking import Masking
from maskwright.preview.run import preview_run
from maskwright.rng import Moment
from maskwright.tasks import parse_config
from maskwright.tasks.reconstruction import models as reconstruction
from maskwright.tasks.reconstruction import targets as reconstruction_targets
from maskwright.tasks.vision import models as vision_models
from maskwright.tasks.vision.pictures import PICTURE
from maskwright.testing import check_task
from maskwright.train.folder import RunFolder
from maskwright.train.run import train
from maskwright.train.stop import TrainingStopped

HALF = {"pattern": "iid", "budget": 0.5, "fill": "drop", "unit": "tubelet"}
task = tasks.get("masked-video")
classification = tasks.get("video-classification")
TUBE = {"tied": {"pattern": "iid", "axis": "frame"}}
SMALL: dict[str, Any] = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
DECODER = {f"decoder_{name}": value for name, value in SMALL.items()}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Two classes: a bright half that moves down or up."""
    root, rng = tmp_path_factory.mktemp("clips"), np.random.default_rng(0)
    for name, n in {"train": 24, "validation": 8, "test": 8}.items():
        values = rng.integers(0, 60, (n, 4, 16, 16, 3)).astype(np.uint8)
        labels = np.resize(["down", "up"], n)
        for clip, label in zip(values, labels, strict=True):
            for time in range(4):
                low = (time >= 2) == (label == "down")
                clip[time, 8 * low : 8 * low + 8] += 150
        np.savez(root / f"{name}.npz", clips=values, labels=labels)
    return {name: str(root / f"{name}.npz") for name in ("train", "validation", "test")}


@pytest.fixture
def make_config(files, tmp_path, monkeypatch):
    monkeypatch.setitem(vision_models.SIZES, "tiny", vision_models.Size(layers=1, hidden=24, heads=2))
    monkeypatch.setitem(reconstruction.DECODERS, 24, (16, 2))

    def make(name="run", model="scratch:tiny", masking: Any = HALF, data=None, training=None, **more):
        cut = {} if model != "scratch:tiny" else {"frames": 4, "size": 16, "patch": 4}
        settings = {"epochs": 2, "batch_size": 8, "learning_rate": 3e-3, "output": str(tmp_path / name)}
        node = {
            "task": "masked-video",
            "model": str(model),
            "data": {**files, **cut, **(data or {})},
            "masking": masking,
            "training": {**settings, **(training or {})},
            "evaluation": {"ratios": [0, 0.5], "bootstrap": 200, "draws": 1, **more.pop("evaluation", {})},
        }
        return parse_config({**node, **more})

    return make


def hide(config, rows=(0, 1, 2), masking=None, moment=None):
    """The model, the examples, and some of them hidden."""
    data = task.load(config.data)
    built = task.build(config, data)
    examples = task.encode(data.train, built.reader, config, data=data)
    masking = config.masking if masking is None else Masking.from_dict(masking)
    return built.model.eval(), examples, examples.hide(examples.batch(rows), masking, moment or Moment())


def hidden_inputs(config, rows=(0, 1, 2), **more):
    model, examples, hidden = hide(config, rows, **more)
    return model, examples, hidden.inputs


def asked(model, hidden):
    with torch.no_grad():
        return torch.from_numpy(task.predict(model, hidden, None))


def save(folder, reader, **options):
    """A VideoMAE for clips of 4 frames of 16 x 16 pixels, in tubelets of 2 x 8 x 8."""
    torch.manual_seed(0)
    own = {"image_size": 16, "patch_size": 8, "num_frames": 4, "use_mean_pooling": False, **SMALL, **DECODER, **options}
    VideoMAEForPreTraining(VideoMAEConfig(**own)).save_pretrained(folder)
    reader.save_pretrained(folder)
    return folder


def test_nothing_but_what_was_hidden_is_learned(make_config):
    config = make_config()
    assert config.objective.learns_hidden
    assert (config.evaluation.twin, config.evaluation.unit) == (False, "tubelet")
    data = task.load(config.data)
    assert isinstance(task.build(config, data).model, VideoMAEForPreTraining)
    (line,) = task.describe(config, data)
    assert "4 frames of 16 x 16 pixels; hidden whole are 2 x 4 x 4 tubelets of 2 x 4 x 4" in line
    assert "clip" in task.metrics[0].meaning
    assert "tubelets" in task.metrics[0].meaning


def test_it_keeps_the_contract(make_config, tmp_path):
    node = make_config().model_dump(mode="json", exclude_none=True)
    check_task("masked-video", {name: node[name] for name in ("model", "data", "masking", "training")}, tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"masking": "none"}, "masked-video learns what is hidden.*try masking: videomae"),
        ({"evaluation": {"twin": True}}, "masked-video has no twin.*fine-tune its model folder with video-class"),
        ({"objective": "supervised"}, "masked-video learns reconstruct, given 'supervised'"),
        ({"training": {"class_weights": "auto"}}, "class_weights"),
        ({"masking": {**HALF, "fill": "mean"}}, "masking.fill: .*hidden inside the model. Use drop"),
        ({"masking": {**HALF, "fill": "mask-token"}}, "trained with drop, given mask-token"),
        ({"masking": {**HALF, "unit": "patch"}}, r"masking.unit: .*given 'patch'. Set tubelet or frame\.$"),
        ({"masking": {**HALF, "unit": "word"}}, "for texts"),
        ({"evaluation": {"unit": "tublet"}}, "Did you mean 'tubelet'"),
        ({"model": "scratch:tinny"}, "Did you mean 'tiny'"),
    ],
)
def test_what_does_not_go_together_is_refused(make_config, changes, message):
    with pytest.raises(ConfigError, match=message):
        make_config(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"masking": {**HALF, "budget": {"uniform": [0.2, 0.8]}}},
            r"equally many.*of 32 tubelets.*meets it exactly\.$",
        ),
        ({"masking": {**HALF, "clean_share": 0.5}}, "hides 0 to 16 of 32 tubelets"),
        ({"masking": {**HALF, "budget": 0.99}}, "all 32 tubelets are hidden"),
        ({"masking": {**HALF, "budget": {"schedule": [0.0, 0.5]}}}, "none of 32 tubelets is hidden"),
        ({"evaluation": {"patterns": ["multiblock"]}}, r"evaluation.patterns \(multiblock, 0.5\).*equally many"),
        ({"data": {"frames": 3}}, "3 frames cannot be cut into tubelets of 2"),
    ],
)
def test_what_the_model_cannot_be_given_is_refused_at_check(make_config, changes, message):
    config = make_config(**changes)
    with pytest.raises(ConfigError, match=message):
        task.describe(config, task.load(config.data))


def test_a_model_that_completes_no_clips_is_refused(make_config, tmp_path):
    VivitConfig(image_size=16, num_frames=4, tubelet_size=[2, 8, 8], **SMALL).save_pretrained(tmp_path)
    task.build(make_config(), None).reader.save_pretrained(tmp_path)
    with pytest.raises(ConfigError, match="no vivit of Transformers completes clips"):
        task.build(make_config(model=tmp_path), None)


def test_new_weights_depend_on_the_seed_alone(make_config):
    one = task.build(make_config(), None).model
    torch.manual_seed(5)
    other = task.build(make_config(), None).model
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


def test_new_and_saved_models_know_where_their_tubelets_are(make_config, tmp_path):
    model, _, inputs = hidden_inputs(make_config())
    values = reconstruction.predicted(model, inputs)[0]
    assert len(values[0][inputs["dropped_patches"][0]].unique(dim=0)) == 16
    model.save_pretrained(tmp_path)
    task.build(make_config(), None).reader.save_pretrained(tmp_path)
    again = task.restore(tmp_path).model
    torch.testing.assert_close(reconstruction.predicted(again.eval(), inputs)[0], values)
    with pytest.raises(RunError, match="cannot be loaded"):
        task.restore(tmp_path / "nothing")


# ---- what the model is given, and what counts ----


@pytest.mark.parametrize("scaled", [False, True])
def test_the_loss_is_transformers_own(make_config, scaled):
    for masking in (HALF, {**HALF, "pattern": TUBE}, "videomae"):
        model, _, hidden = hide(make_config(masking=masking))
        inputs = hidden.inputs
        model.config.norm_pix_loss = scaled
        theirs = model(pixel_values=inputs[PICTURE], bool_masked_pos=inputs["dropped_patches"])
        seen = torch.where(cells(inputs), 0, inputs[PICTURE])
        given = model(pixel_values=seen, bool_masked_pos=inputs["dropped_patches"])
        assert torch.equal(given.logits, theirs.logits)  # what is hidden was not looked at anyway
        ours = task.loss(model, hidden)
        torch.testing.assert_close(ours.sum / ours.count, theirs.loss)
        torch.testing.assert_close(asked(model, hidden)[:, 1].mean(), theirs.loss)


def cells(inputs):
    """[B, frame, 1, row, col] bool of hidden tubelets of 2 x 4 x 4."""
    mask = inputs["dropped_patches"].unflatten(1, (2, 4, 4))
    return mask.repeat_interleave(2, 1).repeat_interleave(4, 2).repeat_interleave(4, 3)[:, :, None]


def test_hidden_pixels_reach_neither_predictions_nor_weights(make_config):
    model, _, inputs = hidden_inputs(make_config())
    values = reconstruction.predicted(model, inputs)[0]
    broken = {**inputs, PICTURE: torch.where(cells(inputs), torch.nan, inputs[PICTURE])}
    again = reconstruction.predicted(model, broken)[0]
    assert torch.equal(again, values)
    again.sum().backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())


def test_new_models_predict_pixels_between_0_and_1(make_config):
    """The processor takes off what VideoMAE puts on again."""
    model, examples, inputs = hidden_inputs(make_config())
    clip = torch.from_numpy(examples.open(examples.names[0]) / 255).permute(0, 3, 1, 2).float()
    patches = reconstruction.predicted(model, inputs)[1]
    truth = reconstruction_targets.target(model, inputs[PICTURE], patches)[0]
    torch.testing.assert_close(patches.unflatten(truth[None])[0], clip)


@pytest.mark.parametrize("scaled", [False, True])
def test_completed_clips_keep_what_is_visible(make_config, scaled):
    model, _, inputs = hidden_inputs(make_config())
    model.config.norm_pix_loss = scaled
    found = reconstruction.completed(model, inputs)
    assert torch.equal((found == inputs[PICTURE]).all(2, keepdim=True), ~cells(inputs))
    assert torch.equal(reconstruction.completed(model, {PICTURE: inputs[PICTURE]}), inputs[PICTURE])
    # A perfect prediction is the clip itself.
    patches = reconstruction.predicted(model, inputs)[1]
    truth = reconstruction_targets.target(model, inputs[PICTURE], patches)
    found = reconstruction_targets.back(model, truth, inputs[PICTURE], patches)
    torch.testing.assert_close(found, patches.flatten(inputs[PICTURE]))


def test_where_nothing_is_hidden_everything_is_explained(make_config):
    model, examples, hidden = hide(make_config())
    whole = examples.hide(examples.batch([0, 1, 2]), None, Moment())
    assert asked(model, whole).tolist() == [[1.0, 0.0, 1.0]] * 3
    none = torch.zeros_like(hidden.inputs["dropped_patches"])  # a share too small for one
    assert (
        asked(model, replace(hidden, inputs={**hidden.inputs, "dropped_patches": none}))[:, :2].tolist()
        == [[1.0, 0.0]] * 3
    )


def test_visible_tubelets_alone_are_work(make_config):
    model, examples, hidden = hide(make_config(masking={**HALF, "budget": 0.75}))
    assert examples.work(hidden.inputs) == 3 * 8
    given = []
    model.videomae.encoder.register_forward_pre_hook(lambda _, arguments: given.append(arguments[0].shape))
    task.loss(model, hidden)
    assert given == [(3, 8, 24)]


def test_masks_are_the_same_in_any_batch_and_hide_equally_much(make_config):
    config = make_config(masking={**HALF, "budget": 0.3})
    one, other = (
        hidden_inputs(config, rows, moment=Moment(epoch=3))[2]["dropped_patches"] for rows in ([5, 2], [2, 7, 9])
    )
    assert torch.equal(one[1], other[0])
    assert set(hidden_inputs(config, range(24))[2]["dropped_patches"].sum(1).tolist()) == {10}  # of 9.6


def test_the_preset_hides_tubes(make_config):
    _, _, inputs = hidden_inputs(make_config(masking="videomae"), range(8))
    tubes = inputs["dropped_patches"].unflatten(1, (2, 16))
    assert torch.equal(tubes.any(1), tubes.all(1))
    assert set(tubes[:, 0].sum(1).tolist()) == {14}  # of 14.4


def test_learning_brings_the_loss_down_and_explains_more(make_config):
    model, _, hidden = hide(make_config(), range(16))
    optimizer = torch.optim.AdamW(model.train().parameters(), 3e-3)
    before = asked(model, hidden).mean(0)
    for _ in range(40):
        optimizer.zero_grad()
        (task.loss(model, hidden).sum / 16).backward()
        optimizer.step()
    after = asked(model, hidden).mean(0)
    assert after[1] < 0.5 * before[1]
    assert after[0] > before[0] + 0.3


# ---- whole runs ----


def test_clips_without_labels_are_previewed_as_strips(make_config, tmp_path):
    for name in ("train", "validation", "test"):
        seed = {"train": 0, "validation": 1, "test": 2}[name]
        clips = np.random.default_rng(seed).integers(0, 255, (4, 4, 16, 16, 3), dtype=np.uint8)
        np.savez(tmp_path / f"{name}.npz", clips=clips)
    config = make_config(data={name: str(tmp_path / f"{name}.npz") for name in ("train", "validation", "test")})
    data = task.load(config.data)
    assert data.labels == ()
    preview = preview_run(task, config, data, 2, epoch=0)
    assert (preview["unit"], preview["hidden"], preview["units"]) == ("tubelet", 32, 64)
    (_, whole), (_, seen) = preview["examples"][0]["pictures"]
    assert whole.shape == seen.shape == (16, 4 * 17 - 1, 3)
    assert preview["examples"][0]["label"] == ""


def test_a_saved_model_goes_on_learning_for_clips_of_another_size(make_config, tmp_path):
    folder = save(tmp_path / "model", task.build(make_config(), None).reader, norm_pix_loss=True)
    built = task.build(make_config(model=folder), None)
    saved = VideoMAEForPreTraining.from_pretrained(folder).state_dict()
    assert all(torch.equal(value, saved[name]) for name, value in built.model.state_dict().items())
    path = train(make_config(model=folder, data={"frames": 2, "size": 32}, training={"epochs": 1}))
    restored = task.restore(path / "model")
    architecture = restored.model.config
    assert (architecture.num_frames, architecture.image_size, architecture.norm_pix_loss) == (2, [32, 32], True)
    assert restored.reader.size["height"] == 32


def test_a_stopped_run_goes_on_to_the_same_weights(make_config):
    def stop_in_the_third_step(event):
        if event.kind == "step" and event.step == 2:
            os.kill(os.getpid(), signal.SIGINT)

    often = {"save_every": 2}
    whole = train(make_config("whole", training=often))
    with pytest.raises(TrainingStopped):
        train(make_config("broken", training=often), on_progress=stop_in_the_third_step)
    broken = train(make_config("broken", training=often))
    assert (whole / "metrics.jsonl").read_bytes() == (broken / "metrics.jsonl").read_bytes()
    one, other = (load_file(path / "model" / "model.safetensors") for path in (whole, broken))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_whole_run_is_evaluated_shown_and_fine_tuned(make_config, files):
    path = train(make_config(masking={**HALF, "budget": 0.75}, training={"epochs": 8}))
    environment = RunFolder(path).environment()
    assert environment["cells"] * 4 == environment["cells_whole"] == 8 * 24 * 32
    document = evaluate([path]).document
    assert document["settings"]["patterns"] == ["iid", "tied(iid, axis=frame)"]
    pictures, more, errors, probe = document["sections"]
    assert pictures["pictures"][0]["title"] == "original"
    assert re.fullmatch(r"completed, −?\d+% explained", pictures["pictures"][2]["title"])
    assert more["title"] == "The same clip, with more and more hidden"
    assert len(errors["tables"][0]["rows"]) == 2
    assert [row[0] for row in probe["tables"][0]["rows"]] == ["pre-trained", "random weights", "difference"]

    node = {
        "task": "video-classification",
        "model": str(path / "model"),
        "data": files,
        "masking": HALF,
        "training": {"epochs": 1, "batch_size": 8, "output": str(path.parent / "tuned")},
    }
    settings = parse_config(node)
    built = classification.build(settings, classification.load(settings.data))
    learnt, taken = load_file(path / "model" / "model.safetensors"), built.model.state_dict()
    kept = [name for name in taken if name.startswith("videomae.")]
    renamed = {name: name.replace("query.bias", "q_bias").replace("value.bias", "v_bias") for name in kept}
    assert len(kept) > 10
    assert all(torch.equal(taken[name], learnt[renamed[name]]) for name in kept)
    assert (built.notes, built.model.config.use_mean_pooling) == ((), True)
    tuned = classification.restore(train(settings) / "model").model
    assert tuned.config.id2label == {0: "down", 1: "up"}

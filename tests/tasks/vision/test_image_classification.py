"""Pictures: models of several families, every kind of fill, what is refused, and whole runs."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from maskwright import tasks
from maskwright.config import LoraConfig
from maskwright.errors import ConfigError, RunError
from maskwright.preview.run import preview_run
from maskwright.rng import Moment
from maskwright.tasks import parse_config
from maskwright.tasks.examples import FILLER
from maskwright.tasks.views import View
from maskwright.tasks.vision import models as vision_models
from maskwright.tasks.vision.image_classification import TASK
from maskwright.tasks.vision.patch_inputs import forward
from maskwright.testing import check_task
from maskwright.train import lora
from maskwright.train.folder import RunFolder
from maskwright.train.run import train
from tests.tasks.pictures import write_pictures

task = TASK

HALF = {"pattern": "iid", "budget": 0.5, "fill": "drop", "unit": "patch"}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("pictures")
    return {
        name: str(write_pictures(root / name, n, seed=seed))
        for seed, (name, n) in enumerate({"train": 12, "validation": 4, "test": 4}.items())
    }


@pytest.fixture
def make_config(folders, tmp_path, monkeypatch):
    monkeypatch.setitem(vision_models.SIZES, "tiny", vision_models.Size(layers=1, hidden=24, heads=2))

    def make(name="run", model="scratch:tiny", masking=HALF, evaluation=None, objective=None, **training):
        settings = {"epochs": 2, "batch_size": 8, "learning_rate": 3e-3, "output": str(tmp_path / name), **training}
        node = {
            "task": "image-classification",
            "model": str(model),
            "data": {**folders, "size": 16},
            "masking": masking,
            "objective": objective,
            "training": settings,
            "evaluation": {"ratios": [0, 0.5], "bootstrap": 200, "draws": 1, **(evaluation or {})},
        }
        return parse_config(node)

    return make


def examples_of(config, split="train"):
    data = task.load(config.data)
    return task.encode(getattr(data, split), task.reader(config, data), config, data=data)


@pytest.mark.parametrize("fill", ["drop", "mask-token", "mean", "indicator"])
def test_the_contract_is_kept(folders, tmp_path, monkeypatch, fill):
    monkeypatch.setitem(vision_models.SIZES, "tiny", vision_models.Size(layers=1, hidden=24, heads=2))
    node = {"model": "scratch:tiny", "data": {**folders, "size": 16}, "masking": {**HALF, "fill": fill}}
    check_task("image-classification", {**node, "training": {"output": str(tmp_path / "run")}}, tmp_path)


def test_the_defaults_are_those_of_pictures(make_config):
    config = make_config()
    assert (config.evaluation.unit, config.evaluation.patterns) == ("patch", ["iid", "block"])
    assert tasks.get("image-classification") is task


def test_pictures_of_the_size_asked_for_are_not_resized(make_config, monkeypatch):
    config = make_config()
    examples = examples_of(config)
    reader = examples.reader
    whole = reader([examples.open(name) for name in examples.names[:3]], return_tensors="pt")["pixel_values"]
    resized, original = [], type(reader).resize

    def counted(self, *arguments, **options):
        resized.append(1)
        return original(self, *arguments, **options)

    monkeypatch.setattr(type(reader), "resize", counted)
    assert torch.equal(examples.pixels(range(3)), whole)
    assert not resized
    reader.size = {"height": 8, "width": 16}
    assert examples.pixels(range(3)).shape == (3, 3, 8, 16)
    assert len(resized) == 3


def test_a_batch_has_labels_ids_and_weights_and_fillers_weigh_nothing(make_config, folders, tmp_path):
    few = write_pictures(tmp_path / "few", 12)
    for number in range(9):
        (few / "red" / f"{number:02d}.png").unlink()
    config = make_config(class_weights="auto")
    config = config.model_copy(update={"data": config.data.model_copy(update={"train": str(few)})})
    examples = examples_of(config)
    red = int(np.flatnonzero(examples.classes == 1)[0])
    batch = examples.batch([0, red, FILLER])
    assert batch.labels["labels"].tolist() == examples.references([0, red, 0]).tolist() == [0, 1, 0]
    assert batch.ids.tolist() == examples.example_ids[[0, red, 0]].tolist()
    assert batch.weight.tolist() == [0.625, 2.5, 0.0]  # 15 / (2 · 12) and 15 / (2 · 3)
    assert batch.examples == examples.hide(batch, config.masking, Moment()).count == 2


def test_new_weights_depend_on_the_seed_alone(make_config):
    data = task.load(make_config().data)
    torch.manual_seed(1)
    one = task.build(make_config(), data).model
    torch.rand(3)
    other = task.build(make_config(), data).model
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))
    assert one.config.id2label == {0: "blue", 1: "red"}


FILLS = ["zero", "mean", "noise", "blur", "drop", "mask-token", "indicator", {"mean": {"over": "position"}}, "swap"]


@pytest.mark.parametrize("fill", FILLS, ids=lambda fill: fill if isinstance(fill, str) else "mean-over-position")
def test_every_fill_trains_and_is_loaded_back(make_config, fill):
    config = make_config(masking={"pattern": "iid", "budget": 0.5, "fill": fill, "unit": "patch"}, epochs=1)
    path = train(config)
    built = task.restore(path / "model")
    model, examples = built.model.eval(), examples_of(config, "test")
    assert task.same_reader(built.reader, examples.reader)
    batch = examples.batch([0, 1, 2])
    hidden = examples.hide(batch, config.masking, Moment(1))
    assert hidden.share.tolist() == [0.5] * 3
    assert hidden.mask.flatten(1).sum(1).tolist() == [8] * 3
    with torch.no_grad():
        whole, seen = (task.predict(model, one, None) for one in (examples.hide(batch, None, Moment()), hidden))
    assert whole.shape == seen.shape == (3, 2)
    assert whole.dtype == np.float32
    assert not np.array_equal(whole, seen)
    saved = load_file(path / "model" / "model.safetensors")
    assert torch.equal(saved["classifier.weight"], model.state_dict()["classifier.weight"])


def test_a_damaged_model_is_told_as_the_run_s(make_config):
    path = train(make_config(epochs=0.5))
    (path / "model" / "model.safetensors").write_bytes(b"cut short")
    with pytest.raises(RunError, match="the trained model cannot be loaded"):
        task.restore(path / "model")


def test_two_views_are_made_consistent(make_config):
    from maskwright.objectives.supervised import Supervised

    config = make_config(objective="consistency", epochs=4)
    path = train(config)
    environment = RunFolder(path).environment()
    assert environment["cells"] * 2 == environment["cells_whole"] == 2 * 4 * 24 * 16  # two views of four epochs
    steps = [json.loads(line) for line in (path / "metrics.jsonl").read_text().splitlines()]
    losses = [step["loss"] for step in steps if "learning_rate" in step]
    assert losses[0] > losses[-1]
    examples, model = examples_of(config), task.restore(path / "model").model.eval()
    views = [examples.hide(examples.batch(range(8)), config.masking, Moment().view(way)) for way in (0, 1)]
    assert not torch.equal(views[0].inputs["dropped_patches"], views[1].inputs["dropped_patches"])
    with torch.no_grad():
        alone = [Supervised().loss(task, model, [view]) for view in views]
        both = config.objective.loss(task, model, views)
    assert both.count == alone[0].count == 8
    assert float(both.sum) >= float(alone[0].sum + alone[1].sum) / 2  # a divergence is not negative


def test_dropping_halves_the_work(make_config):
    environment = RunFolder(train(make_config(epochs=1))).environment()
    assert environment["cells"] * 2 == environment["cells_whole"] > 0


def test_a_killed_run_goes_on_to_the_same_weights(make_config, monkeypatch):
    from maskwright.train.stop import TrainingStopped

    whole = train(make_config("whole", save_every=2))
    asked = iter([False, False, True])
    with monkeypatch.context() as patch:
        patch.setattr("maskwright.train.trainer.any_process", lambda *arguments: next(asked, True))
        with pytest.raises(TrainingStopped):
            train(make_config("broken", save_every=2))
    broken = train(make_config("broken", save_every=2))
    one, other = (load_file(path / "model" / "model.safetensors") for path in (whole, broken))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_masks_do_not_depend_on_the_batch(make_config):
    config = make_config()
    examples = examples_of(config)

    def masks(rows):
        return examples.hide(examples.batch(rows), config.masking, Moment(epoch=3)).inputs["dropped_patches"]

    assert torch.equal(masks([5, 2])[1], masks([2, 7, 9])[0])


@pytest.mark.parametrize("fill", ["drop", "mean"])
def test_joined_gives_every_place_once(make_config, fill):
    masking = {**HALF, "fill": fill}
    examples = examples_of(make_config(masking=masking))
    config, batch = make_config(masking=masking), examples.batch(range(5))
    parts = [examples.hide(batch, hides, Moment(1)) for hides in (config.masking, None)]
    joined = list(examples.joined(parts, cells=2 * int(examples.lengths[0])))
    assert sorted(int(place) for places, _ in joined for place in places) == list(range(10))
    for places, hidden in joined:
        assert len(places) == len(hidden.weight) == hidden.count <= 2
        part, rows = parts[int(places[0]) // 5], places % 5
        assert torch.equal(hidden.inputs["pixel_values"], part.inputs["pixel_values"][rows])
        assert torch.equal(hidden.labels["labels"], batch.labels["labels"][rows])
        assert hidden.mask is None if part.mask is None else torch.equal(hidden.mask, part.mask[rows])


def saved(tmp_path, kind):
    from transformers import (
        ConvNextConfig,
        ConvNextModel,
        Dinov2Config,
        Dinov2Model,
        ResNetConfig,
        ResNetModel,
        SwinConfig,
        SwinModel,
    )

    small = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "image_size": 16, "patch_size": 4}
    stages = {"hidden_sizes": [8, 16], "depths": [1, 1]}
    model = {
        "convnext": lambda: ConvNextModel(ConvNextConfig(num_stages=2, **stages)),
        "resnet": lambda: ResNetModel(ResNetConfig(embedding_size=8, **stages)),
        "dinov2": lambda: Dinov2Model(Dinov2Config(**small)),
        "swin": lambda: SwinModel(
            SwinConfig(image_size=16, patch_size=2, embed_dim=8, depths=[1, 1], num_heads=[1, 2], window_size=2)
        ),
    }[kind]()
    model.save_pretrained(tmp_path)
    from maskwright.tasks.vision.picture_tasks import plain_processor

    plain_processor(16).save_pretrained(tmp_path)
    return tmp_path


@pytest.mark.parametrize("kind", ["convnext", "resnet", "dinov2", "swin"])
def test_saved_models_of_other_families_train(make_config, tmp_path, kind):
    model = saved(tmp_path / "model", kind)
    masking = {"pattern": "block", "budget": 0.5, "fill": "mean", "unit": "patch"}
    path = train(make_config(model=model, masking=masking, epochs=0.5))
    assert task.restore(path / "model").model.config.model_type == kind
    if kind == "dinov2":
        config = make_config("dropping", model=model)
        assert "patches" in task.describe(config, task.load(config.data))[0]


@pytest.mark.parametrize("kind", ["convnext", "swin"])
def test_patches_of_other_architectures_cannot_be_dropped(make_config, tmp_path, kind):
    model = saved(tmp_path / "model", kind)
    config = make_config(model=model)
    data = task.load(config.data)
    with pytest.raises(ConfigError, match="mean"):
        task.describe(config, data)  # by which `check` says it, before anything is trained
    with pytest.raises(ConfigError, match="mean"):
        task.build(config, data)


def test_the_indicator_says_where_and_starts_without_effect(make_config):
    config = make_config(masking={"pattern": "iid", "budget": 0.5, "fill": "indicator", "unit": "patch"})
    data = task.load(config.data)
    model = task.build(config, data).model
    assert model.config.num_channels == 4
    plain = torch.rand(2, 3, 16, 16)
    with_channel = torch.cat([plain, torch.ones(2, 1, 16, 16)], dim=1)
    model.eval()
    assert torch.equal(
        forward(model, {"pixel_values": plain}).logits, forward(model, {"pixel_values": with_channel}).logits
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"masking": {"pattern": "iid", "budget": 0.5, "fill": "mean", "unit": "word"}}, "for texts"),
        ({"masking": {"pattern": "iid", "budget": 0.5, "fill": "random-token", "unit": "patch"}}, "is for texts"),
        ({"masking": "bert"}, "MaskToken in a mix is for texts"),
        ({"masking": {"pattern": "specaugment", "fill": "mean"}}, "not for the axes row, col"),
        ({"evaluation": {"unit": "word"}}, "patches and pixels"),
        ({"model": "scratch:tinny"}, "Did you mean 'tiny'"),
        ({"objective": "reconstruct"}, "image-classification learns supervised or consistency, given 'reconstruct'"),
        ({"objective": "consistency", "masking": "none"}, "something must be hidden"),
    ],
    ids=["unit", "fill", "preset", "pattern", "evaluation", "model", "objective", "views"],
)
def test_what_does_not_go_with_pictures_is_refused(make_config, changes, message):
    with pytest.raises(ConfigError, match=message):
        make_config(**changes)


def test_patches_that_do_not_fit_are_refused_with_a_remedy(make_config):
    config = make_config(masking={"pattern": "iid", "budget": 0.5, "fill": "mean", "unit": "patch"})
    config = config.model_copy(update={"data": config.data.model_copy(update={"patch": 5})})
    data = task.load(config.data)
    with pytest.raises(ConfigError, match=r"data\.patch.*cannot be cut"):
        task.describe(config, data)


def test_preview_shows_what_training_hides(make_config):
    config = make_config()
    seen = preview_run(task, config, task.load(config.data), 3, epoch=0)
    assert seen["hidden"] * 2 == seen["units"] == 3 * 16
    assert seen["unit"] == "patch"
    for example in seen["examples"]:
        assert example["label"] in ("blue", "red")
        (_, whole), (_, masked) = example["pictures"]
        assert whole.shape == masked.shape == (16, 16, 3)
        assert whole.dtype == np.uint8
        assert 0 < (whole != masked).any(axis=-1).mean() <= 0.5


@pytest.mark.parametrize("fill", ["drop", {"constant": 9.0}], ids=["inside", "pixels"])
def test_answers_stand_beside_the_picture(make_config, fill):
    config = make_config(masking={**HALF, "fill": fill})
    examples = examples_of(config)
    view = View(examples.reader, config.masking, Moment(), ("blue", "red"))
    truth = int(examples.labels[0])
    shown = task.shown(examples, 0, view, {"model": np.array([0.0, 0.0]), "twin": np.eye(2)[1 - truth] * 9})
    assert (shown.hidden, shown.units, shown.unit) == (8, 16, "patch")
    assert shown.reference == ("blue", "red")[truth]
    assert shown.answers["model"].probability == 0.5
    assert (shown.answers["twin"].right, shown.answers["twin"].text) == (False, ("blue", "red")[1 - truth])
    plain = task.shown(examples, 0, View(examples.reader, None, Moment(), ("blue", "red")), {})
    ((_, picture),), ((_, whole),) = shown.pictures, plain.pictures
    mask = examples.hide(examples.batch([0]), config.masking, Moment()).mask[0]
    visible = ~np.asarray(mask).repeat(4, axis=0).repeat(4, axis=1)
    assert np.array_equal(picture[visible], whole[visible])
    assert (picture[~visible] != whole[~visible]).any(axis=-1).all()


def test_a_whole_run_is_evaluated_against_its_twin(make_config):
    from maskwright.evaluate.run import evaluate

    path = train(make_config(epochs=4))
    evaluation = evaluate([path])
    assert evaluation.document["clean"]["model"]["value"] > 0.8
    shown = evaluation.document["examples"]["items"][0]
    assert all(picture["src"].startswith("data:image/png;base64,") for picture in shown["pictures"])
    assert shown["model"]["label"] in ("blue", "red")
    assert evaluation.document["calibration"]["metrics"][0]["name"] == "ece"
    assert json.loads(evaluation.path.read_text())["noun"] == "images"


def test_adapters_leave_heads_and_new_parameters_to_learn_whole(make_config):
    pytest.importorskip("peft")
    data, settings = task.load(make_config().data), LoraConfig(rank=2)
    for fill, new in (("indicator", "projection.weight"), ("mask-token", "embeddings.mask_token")):
        masking = {"pattern": "iid", "budget": 0.5, "fill": fill, "unit": "patch"}
        built = task.build(make_config(masking=masking), data)
        model = lora.attach(built.model, settings, built.heads, 0)
        whole = {name for name, p in model.named_parameters() if p.requires_grad and "lora" not in name}
        assert {"classifier.weight", "classifier.bias"} < whole
        assert [name for name in whole if "classifier" not in name and name.endswith(new)]
        assert len(whole) == 3


def test_adapters_and_drop_go_together(make_config):
    pytest.importorskip("peft")
    path = train(make_config(lora={"rank": 2}, epochs=1))
    saved = load_file(str(path / "model" / "model.safetensors"))
    assert "classifier.weight" in saved
    assert not [name for name in saved if "lora" in name or "base_layer" in name]

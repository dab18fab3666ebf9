"""Pictures with texts: budgets over both, one of them hidden whole, three families of encoders, and whole runs."""

import json
import string

import numpy as np
import pytest
import torch
import yaml
from PIL import Image
from safetensors.torch import load_file

from maskwright import tasks
from maskwright.config import LoraConfig, dump_config
from maskwright.engine.modalities import PerModality
from maskwright.errors import ConfigError
from maskwright.preview.run import preview_run
from maskwright.rng import Moment
from maskwright.tasks import parse_config, scratch
from maskwright.tasks.examples import FILLER, Hidden
from maskwright.tasks.image_text.image_text_classification import TASK
from maskwright.tasks.image_text.maskings import both
from maskwright.tasks.vision import models as vision_models
from maskwright.tasks.vision.patch_inputs import DROPPED
from maskwright.testing import check_task
from maskwright.train import lora
from maskwright.train.folder import RunFolder
from maskwright.train.run import train

task = TASK

PER_MODALITY = {
    "modalities": {"image": {"pattern": "iid", "fill": "drop"}, "text": {"pattern": "span", "fill": "mask-token"}},
    "budget": {"ratio": 0.5},
    "concentration": 1.0,
}


def write(folder, name, n, seed):
    """A red or a blue picture with 'warm' or 'cold' in the text: the label is whether they agree."""
    rng = np.random.default_rng(seed)
    lines = []
    for number in range(n):
        red, warm = (number // 2) % 2, number % 2
        picture = rng.integers(0, 60, (16, 16, 3))
        picture[..., 0 if red else 2] += 150
        path = f"{name}_{number:02d}.png"
        Image.fromarray(picture.astype(np.uint8)).save(folder / path)
        words = " ".join(rng.choice(["the", "of", "light", "day"], rng.integers(1, 6)))
        text = f"{words} {'warm' if warm else 'cold'} {number}"
        lines.append(json.dumps({"image": path, "text": text, "label": "same" if red == warm else "other"}))
    (folder / f"{name}.jsonl").write_text("\n".join(lines))
    return str(folder / f"{name}.jsonl")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    root = tmp_path_factory.mktemp("pairs")
    sizes = {"train": 32, "validation": 8, "test": 12}
    return {name: write(root, name, n, seed) for seed, (name, n) in enumerate(sizes.items())}


@pytest.fixture
def make_config(files, tmp_path, monkeypatch):
    monkeypatch.setitem(vision_models.SIZES, "tiny", vision_models.Size(layers=1, hidden=24, heads=2))
    monkeypatch.setitem(scratch.SIZES, "tiny", scratch.ModelSize(layers=1, hidden=24, heads=2, vocabulary=100))

    def make(
        name="run", model="scratch:tiny", masking=PER_MODALITY, data=None, evaluation=None, objective=None, **training
    ):
        settings = {"epochs": 2, "batch_size": 16, "learning_rate": 3e-3, "output": str(tmp_path / name), **training}
        node = {
            "task": "image-text-classification",
            "model": str(model),
            "data": {**files, "max_length": 16, **({"size": 16} if model == "scratch:tiny" else {}), **(data or {})},
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


def units(batch):
    """Patches and ordinary tokens of each example."""
    special = torch.isin(batch.inputs["input_ids"], torch.tensor([0, 2, 3]))
    return 16 + (~special).sum(1)


def answers(model, hidden):
    with torch.no_grad():
        return task.predict(model.eval(), hidden, None)


@pytest.mark.parametrize("fill", ["drop", "mean"])
def test_the_contract_is_kept(files, tmp_path, monkeypatch, fill):
    monkeypatch.setitem(vision_models.SIZES, "tiny", vision_models.Size(layers=1, hidden=24, heads=2))
    monkeypatch.setitem(scratch.SIZES, "tiny", scratch.ModelSize(layers=1, hidden=24, heads=2, vocabulary=100))
    masking = {"pattern": "iid", "budget": 0.5, "fill": fill, "unit": "word"}
    node = {"model": "scratch:tiny", "data": {**files, "size": 16, "max_length": 16}, "masking": masking}
    check_task("image-text-classification", {**node, "training": {"output": str(tmp_path / "run")}}, tmp_path)


def test_the_task_and_its_masking_go_through_yaml(make_config):
    config = make_config()
    assert tasks.get("image-text-classification") is task
    assert isinstance(config.masking, PerModality)
    assert (config.evaluation.unit, config.evaluation.patterns) == ("word", ["iid"])
    assert parse_config(yaml.safe_load(dump_config(config))) == config


@pytest.mark.parametrize("ratio", [0.0, 0.3, 0.75, 1.0])
@pytest.mark.parametrize("concentration", [0.2, "proportional"])
def test_the_count_over_both_is_exact(make_config, ratio, concentration):
    config = make_config(masking={**PER_MODALITY, "budget": {"ratio": ratio}, "concentration": concentration})
    examples = examples_of(config)
    batch = examples.batch(range(32))
    n = units(batch)
    hidden = examples.hide(batch, config.masking, Moment(3, 1))
    masked = (hidden.inputs["input_ids"] == 4).sum(1)
    count = hidden.inputs[DROPPED].sum(1) + masked
    assert ((count - ratio * n).abs() < 1).all()
    assert torch.allclose(hidden.share, (count / n).float())
    assert examples.work(hidden.inputs) == examples.work(batch.inputs) - int(hidden.inputs[DROPPED].sum())


def test_a_plain_masking_hides_the_same_share_of_both(make_config):
    config = make_config(masking={"pattern": "iid", "budget": {"ratio": 0.5}, "fill": "mean", "unit": "token"})
    examples = examples_of(config)
    batch = examples.batch(range(32))
    words, patches = [], []
    for epoch in range(30):
        corrupted = examples.corrupted(batch, config.masking, Moment(0, epoch))
        text = corrupted["text"]
        words.append((text.count / text.n_units).numpy())
        patches.append(corrupted["image"].ratio.numpy())
        assert ((text.count - text.n_units / 2).abs() <= 1).all()
    error = 4 * 0.5 / 3 / np.sqrt(30 * 32)  # a text has at least three tokens, and is off by less than one
    assert abs(np.mean(words) - 0.5) < error
    assert abs(np.mean(patches) - 0.5) < error


def test_masks_do_not_depend_on_the_batch(make_config):
    config = make_config()
    examples = examples_of(config)

    def masks(rows, at):
        batch = examples.batch(rows)
        hidden = examples.hide(batch, config.masking, Moment(0, 3)).inputs
        width = int(batch.inputs["attention_mask"][at].sum())
        return hidden[DROPPED][at], hidden["input_ids"][at, :width]

    assert all(torch.equal(a, b) for a, b in zip(masks([5, 2, 30, 31], 1), masks([2, FILLER], 0), strict=True))


def test_one_of_the_two_is_hidden_whole(make_config):
    config = make_config(masking={**PER_MODALITY, "whole_share": 1.0})
    examples = examples_of(config)
    batch = examples.batch(range(32))
    hidden = examples.hide(batch, config.masking, Moment()).inputs
    no_picture = hidden[DROPPED].all(1)
    no_text = (hidden["input_ids"] != batch.inputs["input_ids"]).any(1)
    assert (no_picture ^ no_text).all()
    assert 0 < int(no_picture.sum()) < 32
    assert not hidden[DROPPED][no_text].any()
    texts = hidden["input_ids"][no_text]
    assert torch.isin(texts, torch.tensor([0, 2, 3, 4])).all(), "special tokens stay, the others are mask tokens"
    for name in ("image", "text"):
        left = examples.without(batch, name, config.masking, Moment()).inputs
        assert (DROPPED in left) == (name == "image")
        assert torch.equal(left["input_ids"], batch.inputs["input_ids"]) == (name == "image")
        if name == "image":
            assert left[DROPPED].all()


def test_joined_gives_every_place_once_with_texts_cut_to_the_longest(make_config):
    config = make_config()
    examples = examples_of(config)
    batch = examples.batch(range(8))
    parts = [examples.hide(batch, masking, Moment(1)) for masking in (config.masking, None)]
    joined = list(examples.joined(parts, cells=3 * int(examples.lengths.max())))
    assert sorted(int(place) for places, _ in joined for place in places) == list(range(16))
    for places, hidden in joined:
        part, rows = parts[int(places[0]) // 8], places % 8
        width = hidden.inputs["input_ids"].shape[1]
        assert width == int(part.inputs["attention_mask"][rows].sum(1).max())
        assert torch.equal(hidden.inputs["input_ids"], part.inputs["input_ids"][rows, :width])
        assert torch.equal(hidden.labels["labels"], batch.labels["labels"][rows])


FILLS = ["mean", "drop", "mask-token", "random-token", "indicator", {"mean": {"over": "position"}}]


@pytest.mark.parametrize("fill", FILLS, ids=str)
def test_every_fill_trains_and_is_loaded_back(make_config, fill):
    config = make_config(masking={"pattern": "iid", "budget": 0.5, "fill": fill, "unit": "word"}, epochs=1)
    path = train(config)
    model = task.restore(path / "model").model
    examples = examples_of(config, "test")
    batch = examples.batch([0, 1, 2])
    hidden = examples.hide(batch, config.masking, Moment(1))
    assert not np.array_equal(answers(model, hidden), answers(model, Hidden.whole(batch)))
    saved, loaded = load_file(path / "model" / "model.safetensors"), model.state_dict()
    assert set(saved) == set(loaded)
    assert all(torch.equal(saved[name], loaded[name]) for name in saved)


def test_the_encoder_is_loaded_by_transformers_alone(make_config):
    from transformers import AutoModel

    path = train(make_config(epochs=0.5))
    plain, report = AutoModel.from_pretrained(path / "model", output_loading_info=True)
    model = task.restore(path / "model").model
    assert type(plain).__name__ == "CLIPModel"
    assert not report["missing_keys"]
    assert torch.equal(plain.text_projection.weight, model.encoder.text_projection.weight)


def test_new_weights_depend_on_the_seed_alone(make_config):
    data = task.load(make_config().data)
    torch.manual_seed(1)
    one = task.build(make_config(), data).model
    torch.rand(3)
    other = task.build(make_config(), data).model
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))
    assert one.config.id2label == {0: "other", 1: "same"}


def test_a_killed_run_goes_on_to_the_same_weights(make_config, monkeypatch):
    from maskwright.train.stop import TrainingStopped

    whole = train(make_config("whole", save_every=1))
    asked = iter([False, True])
    with monkeypatch.context() as patch:
        patch.setattr("maskwright.train.trainer.any_process", lambda *arguments: next(asked, True))
        with pytest.raises(TrainingStopped):
            train(make_config("broken", save_every=1))
    broken = train(make_config("broken", save_every=1))
    one, other = (load_file(path / "model" / "model.safetensors") for path in (whole, broken))
    assert all(torch.equal(one[name], other[name]) for name in one)


def saved(folder, kind):
    """An encoder as the hub has it, with a tokenizer and an image processor."""
    from transformers import CLIPConfig, CLIPModel, CLIPTokenizer, SiglipConfig, SiglipModel, ViltConfig, ViltModel

    from maskwright.tasks.vision.picture_tasks import plain_processor

    if kind == "clip":  # without a mask token, and with the id that old configurations name as the end
        marks = ["!", "#", "?", *string.ascii_lowercase, *(f"{c}</w>" for c in string.ascii_lowercase + string.digits)]
        names = [*marks, "<|startoftext|>", "<|endoftext|>"]
        tokenizer, end, padding = CLIPTokenizer({name: i for i, name in enumerate(names)}, merges=[]), 2, len(names) - 1
    else:
        words = ["the of light day warm cold 1 2 3 4"]
        tokenizer, end, padding = scratch.train_tokenizer(words * 3, 60, 20), 3, 0
    small = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    text = {"vocab_size": len(tokenizer), "max_position_embeddings": 20, "pad_token_id": padding, "eos_token_id": end}
    picture = {"image_size": 16, "patch_size": 4}
    pair = {"text_config": {**small, **text}, "vision_config": {**small, **picture}}
    model = {
        "clip": lambda: CLIPModel(CLIPConfig(**pair, projection_dim=8)),
        "siglip": lambda: SiglipModel(SiglipConfig(**pair)),
        "vilt": lambda: ViltModel(ViltConfig(**small, **text, **picture)),
    }[kind]()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    plain_processor(16).save_pretrained(folder)
    return folder, model


@pytest.mark.parametrize("kind", ["clip", "siglip", "vilt"])
def test_saved_encoders_train(make_config, tmp_path, kind):
    folder, encoder = saved(tmp_path / "model", kind)
    fill = "drop" if kind == "siglip" else "mean"
    masking = {"pattern": "iid", "budget": 0.5, "fill": fill, "unit": "word"}
    config = make_config(model=folder, masking=masking, epochs=1)
    data = task.load(config.data)
    built = task.build(config, data).model
    weights = built.encoder.state_dict()
    for name, value in encoder.state_dict().items():  # a mask token is added where there is none
        assert torch.equal(value, weights[name][: len(value)] if value.ndim else weights[name])
    trained = task.restore(train(config) / "model")
    model = trained.model
    examples = task.encode(data.test, trained.reader, config, data=data)
    batch = examples.batch(range(8))
    whole = answers(model, Hidden.whole(batch))
    short = answers(model, Hidden.whole(examples.batch([3])))
    assert np.allclose(short, whole[3:4], atol=1e-5), "padding changes nothing"
    for name in ("image", "text"):
        alone = answers(model, examples.without(batch, name, config.masking, Moment()))
        assert np.isfinite(alone).all()
        assert not np.array_equal(alone, whole)


def test_dropped_text_and_pictures_of_any_share_fit_siglip(make_config, tmp_path):
    folder, _ = saved(tmp_path / "model", "siglip")
    config = make_config(model=folder, masking={**PER_MODALITY, "budget": {"uniform": [0, 1]}, "whole_share": 0.5})
    data = task.load(config.data)
    built = task.build(config, data)
    examples = task.encode(data.train, built.reader, config, data=data)
    loss = task.loss(built.model, examples.hide(examples.batch(range(32)), config.masking, Moment()))
    assert loss.count == 32
    loss.sum.backward()
    assert all(torch.isfinite(p.grad).all() for p in built.model.parameters() if p.grad is not None)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"masking": {**PER_MODALITY, "modalities": {"image": {}, "sound": {}}}}, "pattern"),
        (
            {
                "masking": {
                    **PER_MODALITY,
                    "modalities": {n: {"pattern": "iid", "fill": "zero"} for n in ("image", "sound")},
                }
            },
            "hides in image and text; given image, sound",
        ),
        ({"masking": {"pattern": "spanbert", "budget": 0.5, "fill": "mean"}}, "not for the axes.*give one for each"),
        ({"masking": {"pattern": "iid", "budget": 0.5, "fill": "mean", "clean_share": 0.5}}, "no clean_share"),
        ({"masking": {"pattern": "specaugment", "fill": "mean"}}, "one budget"),
        ({"evaluation": {"patterns": ["spanbert"]}}, "spanbert is not for pictures and texts alike"),
        ({"evaluation": {"unit": "pach"}}, "Did you mean 'patch'"),
        (
            {"masking": {"pattern": "iid", "budget": 0.5, "fill": "mean", "unit": "tubelet"}},
            r"masking\.unit: pictures with texts have no unit 'tubelet'\. Known: patch, pixel, token, type, word",
        ),
        ({"model": "scratch:tinny"}, "Did you mean 'tiny'"),
    ],
    ids=["node", "names", "pattern", "clean", "count", "evaluation-pattern", "evaluation-unit", "unit", "model"],
)
def test_what_does_not_go_together_is_refused(make_config, changes, message):
    with pytest.raises(ConfigError, match=message):
        make_config(**changes)


def test_numbers_are_no_fill_for_words(make_config):
    parts = {name: {"pattern": "iid", "fill": "mean"} for name in ("image", "text")}
    with pytest.raises(ConfigError, match="names of tokens"):
        make_config(masking={"modalities": parts, "budget": 0.5})


def test_other_tasks_have_no_modalities():
    node = {"task": "image-classification", "model": "scratch:tiny", "data": {"train": "x"}, "masking": PER_MODALITY}
    with pytest.raises(ConfigError, match="inputs of one kind"):
        parse_config(node)


def test_other_models_are_refused(make_config, tmp_path):
    from transformers import ViTConfig

    ViTConfig().save_pretrained(tmp_path / "vit")
    config = make_config(model=tmp_path / "vit")
    with pytest.raises(ConfigError, match="takes clip, siglip, vilt"):
        task.build(config, task.load(config.data))


def test_one_masking_for_both_says_what_each_gets():
    shared = both(masking_of("random-token"))
    assert [str(part.fill) for _, part in shared.modalities] == ["Mean(over='example')", "RandomToken()"]
    parts = dict(both(masking_of("mask-token", "patch")).modalities)
    assert (parts["image"].unit, parts["text"].unit) == ("patch", "word")


def masking_of(fill, unit="word"):
    from maskwright.masking import Masking

    return Masking.from_dict({"pattern": "iid", "budget": 0.5, "fill": fill, "unit": unit})


def test_preview_shows_pictures_and_texts(make_config):
    config = make_config()
    shown = preview_run(task, config, task.load(config.data), 4, epoch=0)
    assert shown["hidden"] == sum(example["hidden_units"] for example in shown["examples"])
    assert abs(shown["hidden"] / shown["units"] - 0.5) < 0.05
    assert any(piece["hidden"] for example in shown["examples"] for piece in example["pieces"])
    for example in shown["examples"]:
        (image, patches, patch), (text, words, word) = example["parts"]
        assert (patch, word) == ("patch", "token")
        assert (image + text, patches + words) == (example["hidden_units"], example["units"])
    (_, whole), (_, seen) = shown["examples"][0]["pictures"]
    assert (whole != seen).any()


def test_two_views_are_made_consistent(make_config):
    config = make_config(objective="consistency", epochs=1)
    environment = RunFolder(train(config)).environment()
    whole = examples_of(config).work(examples_of(config).batch(range(32)).inputs)
    assert environment["cells"] < environment["cells_whole"] == 2 * whole


def test_adapters_leave_the_whole_head_to_learn(make_config):
    pytest.importorskip("peft")
    built = task.build(make_config(), task.load(make_config().data))
    model = lora.attach(built.model, LoraConfig(rank=2), built.heads, 0)
    whole = {name for name, p in model.named_parameters() if p.requires_grad and "lora" not in name}
    assert {name.split(".")[0] for name in whole} == {"maps", "classifier"}


def test_a_whole_run_is_evaluated_against_its_twin(make_config):
    from maskwright.evaluate.run import evaluate

    masking = {**PER_MODALITY, "budget": {"uniform": [0, 0.5]}}
    path = train(make_config(masking=masking, epochs=3))
    environment = RunFolder(path).environment()
    assert environment["cells"] < environment["cells_whole"]
    document = evaluate([path]).document
    assert document["settings"]["fill"]["text"] == "mask-token"
    assert set(document["settings"]["fill"]) == {"image", "text"}
    item = document["examples"]["items"][0]
    assert item["pieces"]
    assert item["pictures"][0]["src"].startswith("data:image/png;base64,")
    assert item["pictures"][0]["title"] == ""  # the page says which of the two it is
    assert document["settings"]["unit"] == {"image": "patch", "text": "word"}
    (section,) = document["sections"]
    (table,) = section["tables"]
    assert table["head"] == ["what is there", "model", "twin", "difference, points"]
    assert [row[0] for row in table["rows"]][1].startswith("picture alone")
    assert table["rows"][0][1].startswith(f"{document['clean']['model']['value']:.1%}\n")
    assert "twin" in section["text"]

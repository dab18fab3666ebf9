"""Completing pictures: what models are given, what counts, what the report shows, what fine-tuning takes over."""

import importlib
import json
import re
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import ViTConfig, ViTForMaskedImageModeling, ViTMAEForPreTraining

from maskwright import tasks
from maskwright.config import LoraConfig
from maskwright.errors import ConfigError, RunError
from maskwright.evaluate.scored import Scored
from maskwright.masking import Masking
from maskwright.objectives import reconstruct
from maskwright.preview.run import preview_run
from maskwright.rng import Moment
from maskwright.tasks import load_config, parse_config
from maskwright.tasks.contract import FILLER, Hidden, View
from maskwright.tasks.metrics.completion_statistics import COMPLETION
from maskwright.tasks.reconstruction import models as reconstruction
from maskwright.tasks.reconstruction import report as reconstruction_report
from maskwright.tasks.vision.picture_tasks import plain_processor
from maskwright.tasks.vision.pictures import PICTURE
from maskwright.testing import check_task
from maskwright.train import lora
from maskwright.train.run import train
from tests.examples.markdown import ROOT

DROP = {"pattern": "iid", "budget": 0.75, "fill": "drop", "unit": "patch"}
TOKEN = {**DROP, "budget": 0.5, "fill": "mask-token"}
task = tasks.get("masked-image")
classification = tasks.get("image-classification")
SIZES = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Two classes: red and blue."""
    folder, rng = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for number in range(40):
        pixels = rng.integers(0, 60, (8, 8, 3), dtype=np.uint8)
        pixels[..., 0 if number % 2 else 2] += 150
        path = folder / ("red" if number % 2 else "blue") / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(pixels).save(path)
    return folder


def config(pictures, model="scratch:tiny", masking=None, **more):
    data = {"train": str(pictures), "validation_share": 0.4, "size": 8, "patch": 2}
    data |= {"patch": None} if model != "scratch:tiny" else {}
    node = {"task": "masked-image", "model": str(model), "data": data, "masking": masking or DROP, **more}
    return parse_config(node)


@pytest.fixture(scope="module")
def run(pictures):
    settings = config(pictures)
    data = task.load(settings.data)
    return SimpleNamespace(config=settings, data=data, **vars(task.build(settings, data)))


@pytest.fixture(scope="module")
def mim(tmp_path_factory, pictures):
    """A ViT for masked image modeling, saved."""
    folder = tmp_path_factory.mktemp("mim")
    torch.manual_seed(0)
    ViTForMaskedImageModeling(ViTConfig(image_size=8, patch_size=2, encoder_stride=2, **SIZES)).save_pretrained(folder)
    plain_processor(8).save_pretrained(folder)
    return folder


def encoded(run):
    return task.encode(run.data.train, run.reader, run.config, data=run.data)


def hide(run, n=4, masking=None):
    examples = encoded(run)
    return examples.hide(examples.batch(range(n)), masking or run.config.masking, Moment())


def one_of(hidden, row):
    """One example of a batch."""
    inputs = {name: values[row : row + 1] for name, values in hidden.inputs.items()}
    return Hidden(inputs, {}, torch.ones(1), 1, hidden.share[row : row + 1])


def asked(model, hidden):
    with torch.no_grad():
        return torch.from_numpy(task.predict(model, hidden, None))


def test_nothing_but_what_was_hidden_is_learned(run):
    assert run.config.objective.learns_hidden
    assert run.config.evaluation.twin is False
    assert isinstance(run.model, ViTMAEForPreTraining)
    assert task.describe(run.config, run.data)[0].startswith("pictures are brought to 8 x 8 pixels")


@pytest.mark.parametrize("kind", ["autoencoder", "masked image modeling"])
def test_it_keeps_the_contract(pictures, mim, tmp_path, kind):
    model, masking = ("scratch:tiny", DROP) if kind == "autoencoder" else (mim, TOKEN)
    node = config(pictures, model, masking).model_dump(mode="json", exclude_none=True)
    check_task("masked-image", {name: node[name] for name in ("model", "data", "masking")}, tmp_path)


@pytest.mark.parametrize(
    ("masking", "more", "message"),
    [
        ("none", {}, "something must be"),
        (None, {"evaluation": {"twin": True}}, "there is nothing to learn"),
        (None, {"objective": "supervised"}, "masked-image learns reconstruct, given 'supervised'"),
        (None, {"training": {"class_weights": "auto"}}, "class_weights"),
        ({**DROP, "fill": "mean"}, {}, "masking.fill: what is completed"),
        (TOKEN, {}, "trained with drop, given mask-token"),
    ],
)
def test_what_does_not_go_together_is_refused(pictures, masking, more, message):
    with pytest.raises(ConfigError, match=message):
        config(pictures, masking=masking, **more)


def test_sizes_other_than_the_models_are_refused(pictures, mim):
    wrong = config(pictures, mim, TOKEN)
    wrong = wrong.model_copy(update={"data": wrong.data.model_copy(update={"size": 12})})
    with pytest.raises(ConfigError, match=r"Set data.size to 8"):
        task.build(wrong, task.load(wrong.data))
    with pytest.raises(ConfigError, match="trained with mask-token, given drop"):
        task.build(config(pictures, mim), task.load(wrong.data))


def test_a_model_that_completes_nothing_is_refused(pictures, tmp_path):
    from transformers import ConvNextConfig

    ConvNextConfig().save_pretrained(tmp_path)
    plain_processor(8).save_pretrained(tmp_path)
    settings = config(pictures, tmp_path, TOKEN)
    with pytest.raises(ConfigError, match="no convnext of Transformers completes pictures"):
        task.build(settings, None)


def test_new_weights_depend_on_the_seed_alone(run):
    torch.manual_seed(5)
    other = task.build(run.config, run.data).model
    assert all(torch.equal(a, b) for a, b in zip(run.model.parameters(), other.parameters(), strict=True))


def test_new_models_know_where_their_patches_are(run, pictures, tmp_path):
    """Transformers leaves positions at zero; what is predicted for hidden patches is the same everywhere then."""
    inputs = hide(run).inputs
    values = reconstruction.predicted(run.model.eval(), inputs)[0]
    hidden = reconstruction.hidden_patches(inputs)
    assert len(values[0][hidden[0]].unique(dim=0)) == 12
    weights = run.model.state_dict()
    encoder, decoder = weights["vit.embeddings.position_embeddings"], weights["decoder.decoder_pos_embed"]
    assert len(encoder[0].unique(dim=0)) == len(decoder[0].unique(dim=0)) == 17
    run.model.vit.save_pretrained(tmp_path)  # an encoder alone gets a new decoder
    run.reader.save_pretrained(tmp_path)
    again = task.build(config(pictures, tmp_path), run.data).model.state_dict()
    assert torch.equal(again["decoder.decoder_pos_embed"], decoder)
    assert torch.equal(again["vit.embeddings.position_embeddings"], encoder)


# ---- what the model is given ----


def test_the_mask_is_ours_and_the_loss_is_transformers_own(run):
    """With equally many hidden patches the mean over examples is the mean over patches that ViTMAE takes."""
    for scaled in (False, True):
        run.model.config.norm_pix_loss = scaled
        hidden = hide(run)
        patches = reconstruction.hidden_patches(hidden.inputs)
        theirs = run.model(pixel_values=hidden.inputs[PICTURE], noise=patches)
        assert torch.equal(theirs.mask.bool(), patches)
        ours = task.loss(run.model, hidden)
        torch.testing.assert_close(ours.sum / ours.count, theirs.loss)
    run.model.config.norm_pix_loss = False


def test_the_autoencoder_does_what_it_does_with_its_own_shuffling(run):
    inputs = hide(run).inputs
    hidden = reconstruction.hidden_patches(inputs)
    own = ViTMAEForPreTraining(run.model.config).eval()
    own.load_state_dict(run.model.state_dict())
    noise = hidden + torch.rand(hidden.shape) / 2
    expected = own(pixel_values=inputs[PICTURE], noise=noise).logits
    torch.testing.assert_close(reconstruction.predicted(run.model.eval(), inputs)[0], expected)


def test_unequal_masks_in_a_batch_are_as_if_each_were_alone(run):
    """Budgets whose share is no whole number hide one patch more in some examples; others differ more."""
    for node in ({**DROP, "budget": 0.3}, {**DROP, "budget": {"uniform": [0.0, 1.0]}}, {**DROP, "clean_share": 0.5}):
        hidden = hide(run, 8, Masking.from_dict(node))
        assert len(reconstruction.hidden_patches(hidden.inputs).sum(1).unique()) > 1
        together = asked(run.model.eval(), hidden)
        torch.testing.assert_close(together, torch.cat([asked(run.model, one_of(hidden, row)) for row in range(8)]))


def test_hidden_pixels_reach_neither_predictions_nor_weights(run, mim, pictures):
    other = task.build(config(pictures, mim, TOKEN), run.data).model
    for model, masking in ((run.model, DROP), (other, TOKEN)):
        model.eval()
        inputs = hide(run, 4, Masking.from_dict(masking)).inputs
        values, patches = reconstruction.predicted(model, inputs)
        flat = patches.flatten(inputs[PICTURE])
        broken = torch.where(reconstruction.hidden_patches(inputs)[..., None], torch.nan, flat)
        again = reconstruction.predicted(model, {**inputs, PICTURE: patches.unflatten(broken)})[0]
        assert torch.equal(again, values)
        again.sum().backward()
        assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())
        model.zero_grad()


def test_visible_patches_alone_are_work(run):
    examples, inputs = encoded(run), hide(run).inputs
    assert examples.work(inputs) == 4 * 4
    assert examples.work({PICTURE: inputs[PICTURE]}) == 4 * 16


# ---- what counts ----


def test_loss_counts_hidden_patches_of_weighted_examples(run):
    hidden = hide(run)
    whole = task.loss(run.model.eval(), replace(hidden, weight=torch.tensor([1.0, 2.0, 0.0, 0.0]), count=2))
    one, two = (task.loss(run.model, one_of(hidden, row)) for row in (0, 1))
    torch.testing.assert_close(whole.sum, one.sum + 2 * two.sum)
    assert (whole.count, one.count) == (2, 1)


def test_explained_variance():
    rng = torch.Generator().manual_seed(0)
    truth, hidden = torch.rand(5, 16, 12, generator=rng), torch.rand(5, 16, generator=rng) < 0.5
    hidden[0], hidden[1] = False, True
    noise = torch.rand(5, 16, 12, generator=rng)
    shares = reconstruct.explained(noise, truth, hidden, 3)
    for row in range(5):
        completed = torch.where(hidden[row, :, None], noise[row], truth[row]).view(-1, 3)
        true = truth[row].view(-1, 3)
        expected = 1 - ((completed - true) ** 2).sum() / ((true - true.mean(0)) ** 2).sum()
        torch.testing.assert_close(shares[row], expected.clamp(min=-1))
    assert shares[0] == 1
    assert torch.equal(reconstruct.explained(truth, truth, hidden, 3), torch.ones(5))
    plain = reconstruct.visible_mean(truth, hidden, 3)
    seen = truth[2][~hidden[2]].view(-1, 3).mean(0)
    torch.testing.assert_close(plain[2].view(-1, 3), seen.expand(64, 3))


def test_a_picture_of_one_colour_is_bounded():
    flat, hidden = torch.full((1, 4, 3), 0.5), torch.ones(1, 4, dtype=torch.bool)
    assert reconstruct.explained(flat, flat, hidden, 3) == 1
    assert reconstruct.explained(flat + 1, flat, hidden, 3) == -1


def test_where_nothing_is_hidden_everything_is_explained(run):
    examples = encoded(run)
    answers = asked(run.model, examples.hide(examples.batch(range(4)), None, Moment()))
    assert answers.tolist() == [[1.0, 0.0, 1.0]] * 4
    explained, error = task.metrics
    assert values(task.metrics, answers.numpy()) == {"explained": 1.0, "loss": 0.0}
    assert (explained.of_whole, explained.chance_of(None), explained.best) == (False, 0.0, 1.0)
    assert (error.name, error.higher_is_better) == ("loss", False)
    shown = task.shown(examples, 0, View(run.reader, None, Moment(), run.data.labels), {"model": np.array([0.5, 0, 0])})
    assert (shown.answers["model"].text, shown.reference) == ("50% explained", "blue")


def values(metrics, answers):
    """The metrics of some answers by name."""
    records = COMPLETION.of(answers, None)
    return {one.name: one.value(COMPLETION.summable(records[None]), np.ones((1, len(records))))[0] for one in metrics}


def test_metrics_are_means_of_what_was_noted():
    answers = np.array([[0.5, 2.0, 0.1], [1.0, 4.0, 0.3]], dtype=np.float32)
    assert values(task.metrics, answers) == pytest.approx({"explained": 0.75, "loss": 3.0})


def test_learning_brings_the_loss_down_and_explains_more(run):
    model = task.build(run.config, run.data).model.train()
    hidden = hide(run, 16)
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3)
    before = asked(model, hidden).mean(0)
    for _ in range(25):
        optimizer.zero_grad()
        (task.loss(model, hidden).sum / 16).backward()
        optimizer.step()
    after = asked(model, hidden).mean(0)
    assert after[1] < 0.5 * before[1]
    assert after[0] > before[0] + 0.3


def test_validation_hides_as_training_does(pictures, tmp_path):
    training = {"epochs": 1, "batch_size": 8, "output": str(tmp_path / "run")}
    path = train(config(pictures, training=training))
    lines = [json.loads(line) for line in (path / "metrics.jsonl").read_text("utf-8").splitlines()]
    (scores,) = (line["validation"] for line in lines if "validation" in line)
    assert list(scores) == ["explained", "loss"]
    assert scores["explained"] < 1
    assert scores["loss"] > 0


# ---- saved, shown, taken over ----


def save(run, folder, model):
    model.save_pretrained(folder)
    run.reader.save_pretrained(folder)
    (folder / "maskwright.json").write_text(json.dumps({"fill": "drop"}))


@pytest.mark.parametrize("kind", ["autoencoder", "masked image modeling"])
def test_image_classification_takes_the_encoder_over(run, mim, pictures, tmp_path, kind):
    model = run.model
    if kind != "autoencoder":
        model = task.build(config(pictures, mim, TOKEN), run.data).model
    save(run, tmp_path, model)
    node = {"task": "image-classification", "model": str(tmp_path), "data": {"train": str(pictures)}}
    settings = parse_config(node)
    built = classification.build(settings, classification.load(settings.data))
    assert built.notes == ()
    learnt = {name: value for name, value in model.state_dict().items() if name.startswith("vit.")}
    taken = built.model.state_dict()
    assert len(learnt) > 10
    for name, value in learnt.items():
        if not name.endswith("mask_token"):
            assert torch.equal(taken[name], value), name
    pixels = torch.randn(2, 3, 8, 8)
    expected = reconstruction.features(model.eval(), pixels)
    tokens = built.model.eval().vit(pixel_values=pixels).last_hidden_state
    torch.testing.assert_close(tokens[:, 1:].mean(1), expected)


def test_what_was_saved_is_loaded_and_takes_masks(run, tmp_path):
    save(run, tmp_path, run.model)
    restored, hidden = task.restore(tmp_path), hide(run)
    assert task.same_reader(restored.reader, run.reader)
    torch.testing.assert_close(asked(restored.model.eval(), hidden), asked(run.model.eval(), hidden))
    with pytest.raises(RunError, match="cannot be loaded"):
        task.restore(tmp_path / "nothing")


def test_with_adapters_the_decoder_learns_whole_but_for_its_positions(run):
    made = task.build(run.config, run.data)
    lora.attach(made.model, LoraConfig(rank=2), made.heads, seed=0)
    learning = {name for name, parameter in made.model.named_parameters() if parameter.requires_grad}
    whole = {name for name in learning if "lora_" not in name}
    assert all(name.startswith("decoder.") for name in whole)
    expected = {name for name, _ in made.model.named_parameters() if name.startswith("decoder.")}
    assert expected - whole == {"decoder.decoder_pos_embed"}


def test_a_folder_of_the_same_kind_goes_on_learning(run, pictures, tmp_path):
    save(run, tmp_path, run.model)
    built = task.build(config(pictures, tmp_path), run.data)
    assert built.notes == ()
    assert all(torch.equal(value, built.model.state_dict()[name]) for name, value in run.model.state_dict().items())


def test_pictures_without_labels(run, tmp_path):
    for number in range(6):
        Image.new("RGB", (8, 8), (number * 20, 0, 0)).save(tmp_path / f"{number}.png")
    settings = config(tmp_path)
    data = task.load(settings.data)
    assert data.labels == ()
    batch = task.encode(data.train, run.reader, settings, data=data).batch([0, FILLER])
    assert batch.weight.tolist() == [1.0, 0.0]
    preview = preview_run(task, settings, data, 2, 0)
    assert preview["unit"] == "patch"
    assert preview["hidden"] * 4 == preview["units"] * 3
    assert preview["examples"][0]["label"] == ""


def material(run, folder, labelled=True):
    test = task.encode(run.data.test, run.reader, run.config, data=run.data)
    train = task.encode(run.data.train, run.reader, run.config, data=run.data)
    if not labelled:
        train = replace(train, labels=np.full_like(train.labels, -1))
    records = COMPLETION.of(np.array([[0.5, 0.2, 0.1], [0.7, 0.4, -0.5]]), None)
    masked = {("iid", 0.75): Scored({COMPLETION.name: records[None]})}
    conditions = (("iid", 0.25), ("iid", 0.75), ("block", 0.5))
    maskings = {
        (name, ratio): Masking.from_dict({**DROP, "pattern": name, "budget": ratio}) for name, ratio in conditions
    }
    asked = SimpleNamespace(
        folders={"model": folder},
        plan=SimpleNamespace(maskings=maskings),
        answers={"model": SimpleNamespace(masked=masked)},
        machine=SimpleNamespace(device=torch.device("cpu")),
    )
    about = {"config": run.config, "reader": run.reader, "task": task, "data": run.data}
    return SimpleNamespace(**about, test=test, train=train), asked


def test_the_report_shows_pictures_errors_and_a_probe(run, tmp_path):
    save(run, tmp_path, run.model)
    pictures, more, errors, probe = task.sections(*material(run, tmp_path))
    assert [one["title"] for one in pictures["pictures"][:2]] == ["original", "as the model sees it"]
    assert re.fullmatch(r"completed, −?\d+% explained", pictures["pictures"][2]["title"])
    assert len(pictures["pictures"]) == 3 * 8
    assert all(one["src"].startswith("data:image/png;base64,") for one in pictures["pictures"] + more["pictures"])
    # One picture, under the first pattern alone: seen and completed stand below each other.
    assert [one["group"] for one in more["pictures"]] == ["as the model sees it"] * 2 + ["completed"] * 2
    assert [one["title"][:3] for one in more["pictures"]] == ["25%", "75%"] * 2
    assert pictures["pictures"][0]["group"] in more["text"].lower()
    (row,) = errors["tables"][0]["rows"]
    assert row == ["iid", "75%", pytest.approx(0.3), "60.0%", "−20.0%"]
    rows = probe["tables"][0]["rows"]
    assert [row[0] for row in rows] == ["pre-trained", "random weights", "difference"]
    assert rows[0][1] == "100.0%"
    assert "2 classes" in probe["text"]


def test_without_labels_there_is_no_probe(run, tmp_path):
    save(run, tmp_path, run.model)
    assert len(task.sections(*material(run, tmp_path, labelled=False))) == 3


def test_pictures_are_shown_only_where_examples_are_asked_for(run, tmp_path):
    save(run, tmp_path, run.model)
    examples, asked = material(run, tmp_path)
    settings = run.config.evaluation.model_copy(update={"examples": 0})
    examples.config = run.config.model_copy(update={"evaluation": settings})
    assert [one["title"] for one in task.sections(examples, asked)] == ["Error on what is hidden", "Linear probe"]


def test_what_a_whole_picture_scores_is_no_result():
    assert [metric.of_whole for metric in task.metrics] == [False, False]
    assert "100%" in task.metrics[0].meaning
    assert "picture" in task.metrics[0].meaning


def test_completed_pictures_keep_what_is_visible(run):
    for scaled in (False, True):
        run.model.config.norm_pix_loss = scaled
        inputs = hide(run).inputs
        completed = reconstruction.completed(run.model, inputs)
        patches = reconstruction.predicted(run.model, inputs)[1]
        hidden = reconstruction.hidden_patches(inputs)
        same = (patches.flatten(completed) == patches.flatten(inputs[PICTURE])).all(-1)
        assert torch.equal(same, ~hidden)
    run.model.config.norm_pix_loss = False


def test_the_difference_of_probes_is_paired():
    right, other = np.array([True] * 90 + [False] * 10), np.array([True] * 80 + [False] * 20)
    table = reconstruction_report._compared(right, other, 2000, 0.95)
    assert [row[1] for row in table["rows"]] == ["90.0%", "80.0%", "+10.0 points"]
    low, high = (float(end) for end in table["rows"][2][2].split(" to "))
    # Ten pairs of a hundred differ, all to one side: a standard error of 3 points.
    assert 3 < low < 6
    assert 14 < high < 18


# ---- the example ----


def test_the_example_goes_from_pictures_without_labels_to_a_difference(tmp_path, monkeypatch, capsys):
    monkeypatch.syspath_prepend(str(ROOT / "examples"))
    example, made = (importlib.import_module(name) for name in ("from_scratch", "vision_data"))
    write = made.digits
    monkeypatch.setattr(made, "digits", lambda folder, seed: write(folder, seed, small=True))
    monkeypatch.setitem(example.PRETRAINING, "epochs", 0.1)
    monkeypatch.setitem(example.FINE_TUNING, "epochs", 0.1)
    starts = []
    trained = example.fine_tuned
    monkeypatch.setattr(example, "fine_tuned", lambda *given: starts.append(given[-1]) or trained(*given))
    monkeypatch.setattr(sys, "argv", ["from_scratch.py", "--seeds", "1", "--folder", str(tmp_path)])
    example.main()
    assert starts == ["scratch:tiny", str(tmp_path / "0" / "pretraining" / "model")]
    head, line = capsys.readouterr().out.splitlines()
    assert head.split() == ["seed", "from", "nothing", "pre-trained", "difference"]
    seed, nothing, better, difference, _ = line.split()
    assert seed == "0"
    assert float(difference) == pytest.approx(float(better[:-1]) - float(nothing[:-1]), abs=0.11)


def test_the_configuration_is_short_and_valid():
    lines = (ROOT / "examples" / "masked-image.yaml").read_text("utf-8").splitlines()
    assert len(lines) <= 15
    settings = load_config(ROOT / "examples" / "masked-image.yaml")
    assert settings.masking == Masking.from_dict("mae")
    assert settings.objective.learns_hidden

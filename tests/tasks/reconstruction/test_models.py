"""What models that complete pictures are given: masks of ours, and no pixel of what is hidden."""

import torch
from transformers import ViTMAEForPreTraining

from maskwright.config import LoraConfig
from maskwright.masking import Masking
from maskwright.tasks.reconstruction import models as reconstruction
from maskwright.tasks.vision.pictures import PICTURE
from maskwright.train import lora
from tests.tasks.reconstruction.made_up import DROP, TOKEN, asked, config, encoded, hide, one_of, task


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


def test_with_adapters_the_decoder_learns_whole_but_for_its_positions(run):
    made = task.build(run.config, run.data)
    lora.attach(made.model, LoraConfig(rank=2), made.heads, seed=0)
    learning = {name for name, parameter in made.model.named_parameters() if parameter.requires_grad}
    whole = {name for name in learning if "lora_" not in name}
    assert all(name.startswith("decoder.") for name in whole)
    expected = {name for name, _ in made.model.named_parameters() if name.startswith("decoder.")}
    assert expected - whole == {"decoder.decoder_pos_embed"}

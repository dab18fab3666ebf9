"""Encoder-decoders: built new, from a pretrained one, or read back from a run; and what they are asked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from maskwright.backend.codes import IGNORED
from maskwright.config import RunConfig
from maskwright.errors import ConfigError
from maskwright.objectives import Likelihood
from maskwright.tasks import pretrained
from maskwright.tasks.contract import Built
from maskwright.tasks.examples import Hidden
from maskwright.tasks.metrics.generated_text import GeneratedText
from maskwright.tasks.scratch import advice
from maskwright.tasks.text.encoded import LABELS
from maskwright.tasks.translation import scratch
from maskwright.tasks.translation.encoded import DECODER
from maskwright.tasks.translation.generating import Decoding, options_of, written
from maskwright.tasks.translation.tokenizing import load_tokenizer, template_of

if TYPE_CHECKING:
    import torch

    from maskwright.data.checked import CheckedData

__all__ = ["built", "decoder_inputs", "likelihood", "predict", "restored"]

LOGITS_AT_ONCE = 1 << 25
"""Numbers, a multiple of the vocabulary's size, that are held while references are scored (128 MB)."""


def built(config: RunConfig, data: CheckedData) -> Built:
    """A model that is ready to be trained; new weights depend on `training.seed` alone.

    Raises:
        ConfigError: it cannot be loaded, is no encoder-decoder, or takes shorter texts than asked for.
    """
    import torch
    from transformers import AutoModelForSeq2SeqLM

    tokenizer = load_tokenizer(config, data)
    if scratch.size_of(config.model) is None:
        model, notes = _pretrained(config, tokenizer)
    else:
        with torch.random.fork_rng():
            torch.manual_seed(config.training.seed)
            model = AutoModelForSeq2SeqLM.from_config(scratch.architecture(config, tokenizer))
        notes = advice(config)
    _settle_generation(model, config, tokenizer)
    return Built(model, tokenizer, notes=(*notes, *_marker_note(config, tokenizer)))


def restored(folder: Path) -> Built:
    """Model and tokenizer from the `model/` folder of a run; RunError if they are missing or damaged."""
    from transformers import AutoModelForSeq2SeqLM

    with pretrained.of_run(folder):
        return Built(pretrained.trained(AutoModelForSeq2SeqLM, folder), pretrained.tokenizer_for(str(folder)))


def _pretrained(config: RunConfig, tokenizer: Any) -> tuple[Any, tuple[str, ...]]:
    import torch
    from transformers import AutoConfig, AutoModelForSeq2SeqLM
    from transformers.models.auto.modeling_auto import MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES

    name = config.model
    kind = pretrained.load(AutoConfig.from_pretrained, name, "configuration").model_type
    if kind not in MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES:
        raise ConfigError(
            f"model: '{name}' is a {kind}, which does not write one text from another. Give an encoder-decoder "
            "(Marian, T5, mBART, M2M, NLLB), or scratch:tiny."
        )
    options = {"dtype": torch.float32, "use_safetensors": True, "output_loading_info": True}
    model, report = pretrained.load(AutoModelForSeq2SeqLM.from_pretrained, name, "model", **options)
    _check_positions(config, model)
    embeddings = model.get_input_embeddings().num_embeddings
    if len(tokenizer) > embeddings:
        raise ConfigError(
            f"model: the tokenizer of '{name}' has {len(tokenizer):,} tokens and the model {embeddings:,}. Repair the "
            "folder: they are not of one model."
        )
    new = sorted(key for key in report["missing_keys"] if key != "final_logits_bias")
    if not new:
        return model, ()
    return model, (f"{len(new)} weights are not in '{name}' and start at random ({', '.join(new[:3])}).",)


def _check_positions(config: RunConfig, model: Any) -> None:
    """Refuse lengths beyond the positions of a model; those of T5 have no end."""
    limit = model.config.to_dict().get("max_position_embeddings")
    asked = {
        "data.max_length": config.data.max_length,
        "data.max_target_length": config.data.target_length,
        "generation.max_length": config.generation.max_length or 0,
    }
    for key, length in asked.items():
        if limit is not None and length > limit:
            raise ConfigError(
                f"{key}: {length} tokens are asked for, but '{config.model}' takes {limit} at most. Set {key}={limit} "
                "or lower."
            )


def _settle_generation(model: Any, config: RunConfig, tokenizer: Any) -> None:
    """Let the model, once saved, write for anybody as it writes at evaluation."""
    import torch

    template = template_of(tokenizer, target=True)
    example = torch.tensor([[*template.first, tokenizer.eos_token_id, *template.last]])
    start = int(decoder_inputs(model, example)[0, 0])
    # What every target begins with (a language, say) need not be guessed.
    forced = template.first[0] if len(template.first) == 1 else None
    tokens = {name: getattr(tokenizer, f"{name}_token_id") for name in ("pad", "eos", "bos")}
    model.generation_config.update(
        **options_of(config),
        **{f"{name}_token_id": token for name, token in tokens.items() if token is not None},
        decoder_start_token_id=start,
        forced_bos_token_id=forced,
    )


def _marker_note(config: RunConfig, tokenizer: Any) -> tuple[str, ...]:
    """Say which token stands for a mask token."""
    if config.masking is None or tokenizer.mask_token is None or scratch.size_of(config.model) is not None:
        return ()
    own = pretrained.tokenizer_for(config.model)
    if own.mask_token is not None:
        return ()
    return (
        f"the tokenizer has no mask token; {tokenizer.mask_token} stands for what is hidden, and is saved as its mask "
        "token.",
    )


def decoder_inputs(model: Any, tokens: torch.Tensor) -> torch.Tensor:
    """[B, T] what the decoder reads: the target moved one place on, behind the token that a model starts with.

    Args:
        model: an encoder-decoder; most have a way of their own.
        tokens: [B, T] labels, -100 in the padding.
    """
    import torch

    own = getattr(model, "prepare_decoder_input_ids_from_labels", None)
    if own is not None:
        return own(labels=tokens)
    start = torch.full_like(tokens[:, :1], model.config.decoder_start_token_id)
    moved = torch.cat([start, tokens[:, :-1]], dim=1)
    return moved.masked_fill(moved == IGNORED, model.config.pad_token_id)


def likelihood(model: Any, hidden: Hidden) -> Likelihood:
    """How probable the model finds every token of the targets, those before it given."""
    whole = getattr(model, "module", model)  # one that is trained on several devices is wrapped
    labels = hidden.labels[LABELS]
    logits = model(
        input_ids=hidden.inputs["input_ids"],
        attention_mask=hidden.inputs["attention_mask"],
        decoder_input_ids=decoder_inputs(whole, hidden.inputs[DECODER]),
        use_cache=False,
    ).logits
    there = labels != IGNORED
    return Likelihood(logits[there], labels[there], hidden.weight[:, None].expand(labels.shape)[there])


def predict(model: Any, hidden: Hidden, settings: Decoding) -> list[GeneratedText]:
    """[B] translations of the sources, each with the likelihood of its reference; the encoder runs once for both."""
    attention = hidden.inputs["attention_mask"]
    encoder_outputs = model.get_encoder()(
        input_ids=hidden.inputs["input_ids"], attention_mask=attention, return_dict=True
    )
    scored = _reference_scores(model, encoder_outputs, hidden)
    texts = written(model, encoder_outputs, attention, settings)
    return [GeneratedText(text, nll, tokens) for text, (nll, tokens) in zip(texts, scored, strict=True)]


def _reference_scores(model: Any, encoder_outputs: Any, hidden: Hidden) -> list[tuple[float, int]]:
    """[B] (negative log-likelihood, tokens), a few rows at a time: logits are as wide as the vocabulary."""
    import torch
    from transformers.modeling_outputs import BaseModelOutput

    labels, states = hidden.labels[LABELS], encoder_outputs.last_hidden_state
    read, attention = decoder_inputs(model, hidden.inputs[DECODER]), hidden.inputs["attention_mask"]
    width = labels.shape[1] * model.get_output_embeddings().weight.shape[0]
    sums = []
    for rows in torch.arange(len(labels), device=labels.device).split(max(1, LOGITS_AT_ONCE // max(1, width))):
        logits = model(
            encoder_outputs=BaseModelOutput(last_hidden_state=states[rows]),
            attention_mask=attention[rows],
            decoder_input_ids=read[rows],
            use_cache=False,
        ).logits
        losses = torch.nn.functional.cross_entropy(
            logits.float().transpose(1, 2), labels[rows], ignore_index=IGNORED, reduction="none"
        )
        sums.append(losses.sum(dim=1))
    tokens = (labels != IGNORED).sum(dim=1)
    return list(zip(torch.cat(sums).tolist(), tokens.tolist(), strict=True))

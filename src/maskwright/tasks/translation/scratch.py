"""Encoder-decoders that are built and trained here: one tokenizer for both languages, a small Pegasus.

Pegasus normalises what a layer reads (pre-norm: Xiong et al. 2020, arXiv:2002.04745). Of small models trained here for
four epochs on 15,000 pairs of short texts, it reached chrF 44.7 where Marian, which normalises what a layer writes,
reached 34.8, in the same time.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from maskwright.config import RunConfig
from maskwright.errors import ConfigError
from maskwright.tasks import scratch

__all__ = ["SIZES", "architecture", "size_of", "train_tokenizer"]

SPECIAL = PAD, UNKNOWN, BEGIN, END, MASK = ("<pad>", "<unk>", "<s>", "</s>", "<mask>")

SIZES = {
    "tiny": scratch.ModelSize(layers=2, hidden=128, heads=4, vocabulary=4_000),
    "small": scratch.ModelSize(layers=3, hidden=256, heads=4, vocabulary=8_000),
}


def size_of(model: str) -> scratch.ModelSize | None:
    """The size that a configuration's `model` asks for, None where it names a model that exists already.

    Raises:
        ConfigError: `scratch:` with an unknown size, or with a family.

    >>> size_of("scratch:tiny").layers, size_of("Helsinki-NLP/opus-mt-en-fr")
    (2, None)
    """
    if scratch.size_of(model) is None:
        return None
    name = model.removeprefix("scratch:")
    if name not in SIZES:
        raise ConfigError(
            f"model: '{model}': translation builds models of one family, as scratch:tiny or scratch:small."
        )
    return SIZES[name]


def train_tokenizer(texts: Iterable[str], vocabulary: int, max_length: int) -> Any:
    """Learn a tokenizer for both sides by byte pair encoding of characters; the same texts give the same one.

    Case is kept, every run of blanks becomes one, and a word begins with `▁`, as in SentencePiece.

    Args:
        texts: sources and targets of the training split.
        vocabulary: tokens at most, special tokens included.
        max_length: tokens a model of this tokenizer takes.

    Returns:
        a fast Transformers tokenizer with tokens for padding, unknown characters, both ends, and what is hidden.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    learner = Tokenizer(models.BPE(unk_token=UNKNOWN, fuse_unk=True))
    blanks = normalizers.Replace(Regex(r"\s+"), " ")
    learner.normalizer = normalizers.Sequence([normalizers.NFC(), blanks, normalizers.Strip()])  # pyright: ignore
    learner.pre_tokenizer = pre_tokenizers.Metaspace()
    learner.decoder = decoders.Metaspace()
    texts = list(texts)
    letters = scratch.alphabet(texts, learner.normalizer, learner.pre_tokenizer)
    trainer = trainers.BpeTrainer(
        vocab_size=max(vocabulary, len(SPECIAL) + len(letters)),
        special_tokens=list(SPECIAL),
        initial_alphabet=letters,
        limit_alphabet=len(letters),
        min_frequency=2,
        show_progress=False,
    )
    learner.train_from_iterator(texts, trainer)
    learner.post_processor = processors.TemplateProcessing(
        single=f"$A {END}", pair=f"$A {END} $B {END}", special_tokens=[(END, learner.token_to_id(END))]
    )
    names = ("pad", "unk", "bos", "eos", "mask")
    return PreTrainedTokenizerFast(
        tokenizer_object=learner,
        model_max_length=max_length,
        model_input_names=["input_ids", "attention_mask"],
        **{f"{name}_token": token for name, token in zip(names, SPECIAL, strict=True)},
    )


def architecture(config: RunConfig, tokenizer: Any) -> Any:
    """The configuration of a new model.

    Args:
        config: of the run, whose `model` is a size.
        tokenizer: of `train_tokenizer`.
    """
    from transformers import PegasusConfig

    size = size_of(config.model)
    if size is None:
        raise ConfigError(f"model: expected scratch:tiny or scratch:small, given '{config.model}'.")
    dimensions: dict[str, Any] = {"d_model": size.hidden, "max_position_embeddings": positions(config)}
    for half in ("encoder", "decoder"):
        dimensions |= {
            f"{half}_layers": size.layers,
            f"{half}_attention_heads": size.heads,
            f"{half}_ffn_dim": 4 * size.hidden,
        }
    tokens = {f"{name}_token_id": getattr(tokenizer, f"{name}_token_id") for name in ("pad", "bos", "eos")}
    return PegasusConfig(
        **dimensions,
        **tokens,
        vocab_size=len(tokenizer),
        decoder_start_token_id=tokenizer.bos_token_id,
        forced_eos_token_id=None,
        activation_function="relu",
        dropout=0.1,
        attention_dropout=0.0,
        activation_dropout=0.0,
        init_std=size.hidden**-0.5,
        scale_embedding=True,
        tie_word_embeddings=True,
    )


def positions(config: RunConfig) -> int:
    """Tokens that a new model takes on either side."""
    return max(512, config.data.max_length, config.data.target_length, config.generation.max_length or 0)

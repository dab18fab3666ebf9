"""Models built and trained here: a tokenizer learnt from the training texts, a small BERT with random weights."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from maskwright.config import RunConfig
from maskwright.errors import ConfigError, did_you_mean

__all__ = [
    "SIZES",
    "ModelSize",
    "advice",
    "alphabet",
    "architecture",
    "check_family",
    "family_of",
    "has_token_types",
    "size_of",
    "train_tokenizer",
]

PREFIX = "scratch:"
OFFSET_POSITIONS = ("roberta", "camembert", "xlm-roberta")
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
MOST_LETTERS = 4000
"""Characters that enter the alphabet, most frequent first; enough for Chinese."""


@dataclass(frozen=True)
class ModelSize:
    """Dimensions of a model that is trained from nothing.

    Attributes:
        layers: of an encoder, and as many of its decoder if there is one.
        hidden: width.
        heads: of attention.
        vocabulary: tokens, at most.
    """

    layers: int
    hidden: int
    heads: int
    vocabulary: int


SIZES = {
    "tiny": ModelSize(layers=2, hidden=128, heads=2, vocabulary=8_000),
    "small": ModelSize(layers=4, hidden=256, heads=4, vocabulary=16_000),
}


def size_of(model: str) -> ModelSize | None:
    """The size that a configuration's `model` asks for, None where it names a model that exists already.

    Raises:
        ConfigError: `scratch:` with an unknown size.

    >>> size_of("scratch:tiny").layers, size_of("scratch:roberta-tiny").layers, size_of("google-bert/bert-base-uncased")
    (2, 2, None)
    """
    if not model.startswith(PREFIX):
        return None
    name = model.removeprefix(PREFIX).rpartition("-")[2]
    if name not in SIZES:
        raise ConfigError(f"model: there is no size '{name}' in '{model}'. {did_you_mean(name, SIZES)}")
    return SIZES[name]


def family_of(model: str) -> str:
    """The family of Transformers in `scratch:FAMILY-SIZE`; a BERT if none is named.

    >>> family_of("scratch:tiny"), family_of("scratch:modernbert-small")
    ('bert', 'modernbert')
    """
    return model.removeprefix(PREFIX).rpartition("-")[0] or "bert"


def has_token_types(model: str) -> bool:
    """Whether models of a family are told which of two texts a token belongs to.

    >>> has_token_types("scratch:tiny"), has_token_types("scratch:modernbert-tiny")
    (True, False)
    """
    return _family(model).to_dict().get("type_vocab_size", 1) > 1


def check_family(model: str) -> None:
    """Refuse a `scratch:` model of a family that Transformers does not know.

    Raises:
        ConfigError: there is no such family.
    """
    if size_of(model) is not None and family_of(model) != family_of(f"{PREFIX}tiny"):
        _family(model)


def _family(model: str, **sizes: Any) -> Any:
    """The configuration of a family of Transformers; ConfigError where there is none of that name."""
    from transformers import AutoConfig

    family = family_of(model)
    try:
        return AutoConfig.for_model(family, **sizes)
    except ValueError:
        raise ConfigError(
            f"model: Transformers knows no family '{family}' ('{model}'). Use scratch:tiny (a BERT), or "
            "scratch:roberta-tiny, scratch:modernbert-tiny, scratch:electra-tiny, say."
        ) from None


def train_tokenizer(texts: Iterable[str], vocabulary: int, max_length: int) -> Any:
    """Learn a lower-casing WordPiece tokenizer; the same texts always give the same one.

    Args:
        texts: training texts only, so that nothing leaks from the other splits.
        vocabulary: tokens at most, special tokens included.
        max_length: tokens a model of this tokenizer takes.

    Returns:
        a fast transformers tokenizer with the special tokens of BERT, [MASK] among them.
    """
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
    from transformers import BertTokenizer

    normalizer, splitter = normalizers.BertNormalizer(lowercase=True), pre_tokenizers.BertPreTokenizer()
    texts = list(texts)
    letters = alphabet(texts, normalizer, splitter)
    learner = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    learner.normalizer, learner.pre_tokenizer = normalizer, splitter
    # Ties between merges go by token id, and ids of word-inner letters follow the order of a hash map, which differs
    # from process to process. Naming these letters as special tokens gives them fixed ids.
    fixed = [*SPECIAL, *(f"##{letter}" for letter in letters)]
    trainer = trainers.WordPieceTrainer(
        vocab_size=max(vocabulary, len(fixed) + len(letters)),
        special_tokens=fixed,
        initial_alphabet=letters,
        limit_alphabet=len(letters),
        min_frequency=2,
        show_progress=False,
    )
    learner.train_from_iterator(texts, trainer)
    # Only the vocabulary is kept: in the tokenizer itself the letters must not be special.
    return BertTokenizer(vocab=learner.get_vocab(), do_lower_case=True, model_max_length=max_length)


def alphabet(texts: Iterable[str], normalizer: Any, splitter: Any) -> list[str]:
    """The letters that become tokens of their own; among equally frequent ones the order is that of their codes.

    Args:
        texts: to learn from.
        normalizer: of the `tokenizers` library.
        splitter: its pre-tokenizer.
    """
    counts: Counter[str] = Counter()
    for text in texts:
        for word, _ in splitter.pre_tokenize_str(normalizer.normalize_str(text)):
            counts.update(word)
    frequent = sorted(counts, key=lambda letter: (-counts[letter], letter))[:MOST_LETTERS]
    return sorted(frequent)


def architecture(model: str, tokenizer: Any, max_length: int) -> Any:
    """The configuration of an encoder that is built here, for a tokenizer.

    Args:
        model: `scratch:SIZE` for a BERT, or `scratch:FAMILY-SIZE` for another family of Transformers, such as
            `scratch:modernbert-tiny`.
        tokenizer: for which it is.
        max_length: tokens it takes.

    Raises:
        ConfigError: there is no such family.
    """
    size, family = size_of(model), family_of(model)
    if size is None:
        raise ConfigError(f"model: expected scratch:tiny or scratch:small, given '{model}'.")
    # Positions of RoBERTa and its kin begin behind the id of padding.
    offset = tokenizer.pad_token_id + 1 if family in OFFSET_POSITIONS else 0
    return _family(
        model,
        vocab_size=len(tokenizer),
        hidden_size=size.hidden,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        intermediate_size=4 * size.hidden,
        max_position_embeddings=max_length + offset,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.cls_token_id,
        eos_token_id=tokenizer.sep_token_id,
    )


def advice(config: RunConfig) -> tuple[str, ...]:
    """A note where the learning rate suits pretrained models and not new ones."""
    rate = config.training.learning_rate
    if rate >= 2e-4:
        return ()
    return (f"training.learning_rate={rate:g} suits pretrained models; random weights learn faster at about 1e-3.",)

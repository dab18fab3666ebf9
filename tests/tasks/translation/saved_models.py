"""Small encoder-decoders with random weights, saved as pretrained ones are: T5, Marian, mBART, M2M."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

PAIRS = [
    {"en": f"{size} {thing} {number}", "fr": f"{other} {thing} {number}"}
    for number in range(6)
    for size, other in (("small", "petit"), ("large", "grand"), ("the new", "le nouveau"))
    for thing in ("library", "server", "editor", "font")
]
SMALL = {
    "d_model": 16,
    "encoder_layers": 1,
    "decoder_layers": 1,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 32,
    "decoder_ffn_dim": 32,
    "max_position_embeddings": 64,
    "init_std": 0.3,
}


def write_pairs(path: Path, pairs: list[dict[str, str]]) -> Path:
    path.write_text("".join(json.dumps({"translation": pair}, ensure_ascii=False) + "\n" for pair in pairs))
    return path


def texts() -> list[str]:
    return [text for pair in PAIRS for text in pair.values()] + ["translate English to French: "]


def pieces() -> list[tuple[str, float]]:
    """Words, and the letters that they are made of, with scores as a unigram model has them."""
    words = sorted({word for text in texts() for word in text.split()})
    letters = sorted({letter for word in words for letter in word})
    return [(f"▁{word}", -2.0) for word in words] + [("▁", -4.0)] + [(letter, -6.0) for letter in letters]


def sentencepiece_model(folder: Path, name: str) -> Path:
    import sentencepiece

    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts()),
        model_prefix=str(folder / name),
        vocab_size=60,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    return folder / f"{name}.model"


def pieces_of(model: Path) -> list[str]:
    """What a SentencePiece model cuts texts into, without its special tokens."""
    import sentencepiece

    processor = sentencepiece.SentencePieceProcessor(model_file=str(model))
    names = [processor.id_to_piece(number) for number in range(processor.get_piece_size())]
    return [name for name in names if name[0] != "<"]


def t5(folder: Path) -> Path:
    from transformers import T5Config, T5ForConditionalGeneration, T5Tokenizer

    vocab = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *pieces()]
    tokenizer = T5Tokenizer(vocab=vocab, extra_ids=40)
    config = T5Config(
        vocab_size=len(tokenizer), d_model=16, d_kv=8, d_ff=32, num_layers=1, num_heads=2, decoder_start_token_id=0
    )
    return saved(folder, T5ForConditionalGeneration, config, tokenizer)


def marian(folder: Path) -> Path:
    from transformers import MarianConfig, MarianMTModel, MarianTokenizer

    model = sentencepiece_model(folder, "source")
    vocab = {name: number for number, name in enumerate(["</s>", "<unk>", *pieces_of(model)])}
    vocab["<pad>"] = len(vocab)
    (folder / "words.json").write_text(json.dumps(vocab))
    tokenizer = MarianTokenizer(
        str(model), str(model), str(folder / "words.json"), source_lang="en", target_lang="fr", model_max_length=64
    )
    pad = tokenizer.pad_token_id
    config = MarianConfig(**SMALL, vocab_size=len(vocab), pad_token_id=pad, eos_token_id=0, decoder_start_token_id=pad)
    return saved(folder, MarianMTModel, config, tokenizer)


def mbart(folder: Path) -> Path:
    from transformers import MBartConfig, MBartForConditionalGeneration, MBartTokenizer
    from transformers.models.mbart.tokenization_mbart import FAIRSEQ_LANGUAGE_CODES

    special = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    codes = [(code, 0.0) for code in FAIRSEQ_LANGUAGE_CODES]
    tokenizer = MBartTokenizer(vocab=[*special, *pieces(), *codes, ("<mask>", 0.0)], model_max_length=64)
    config = MBartConfig(**SMALL, vocab_size=len(tokenizer), pad_token_id=1, bos_token_id=0, eos_token_id=2)
    return saved(folder, MBartForConditionalGeneration, config, tokenizer)


def m2m(folder: Path) -> Path:
    from transformers import M2M100Config, M2M100ForConditionalGeneration, M2M100Tokenizer
    from transformers.models.m2m_100.tokenization_m2m_100 import FAIRSEQ_LANGUAGE_CODES

    model = sentencepiece_model(folder, "sentencepiece.bpe")
    vocab = {name: number for number, name in enumerate(["<s>", "<pad>", "</s>", "<unk>", *pieces_of(model)])}
    (folder / "vocab.json").write_text(json.dumps(vocab))
    codes = [f"__{code}__" for code in FAIRSEQ_LANGUAGE_CODES["m2m100"]]
    tokenizer = M2M100Tokenizer(
        str(folder / "vocab.json"), str(model), additional_special_tokens=codes, model_max_length=64
    )
    config = M2M100Config(
        **SMALL, vocab_size=len(tokenizer), pad_token_id=1, bos_token_id=0, eos_token_id=2, decoder_start_token_id=2
    )
    return saved(folder, M2M100ForConditionalGeneration, config, tokenizer)


def saved(folder: Path, kind: Any, config: Any, tokenizer: Any) -> Path:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        kind(config).save_pretrained(folder / "model")
    tokenizer.save_pretrained(folder / "model")
    return folder / "model"


FAMILIES = {"t5": t5, "marian": marian, "mbart": mbart, "m2m": m2m}

"""A tokenizer of each family, trained on a few hundred texts within the tests."""

from __future__ import annotations

import ast
import importlib.util
from functools import cache
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
CHINESE = ["掩码让模型学习得更好。", "我们隐藏一部分输入, 模型就不会依赖它。", "数据很重要, 学习也很重要。"]


@cache
def texts() -> tuple[str, ...]:
    """Docstrings of the standard library's json, email and asyncio packages, and a little Chinese."""
    found: list[str] = []
    for package in ("json", "email", "asyncio", "unittest"):
        spec = importlib.util.find_spec(package)
        assert spec is not None
        assert spec.origin is not None
        for path in sorted(Path(spec.origin).parent.glob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node):
                    found.append(str(ast.get_docstring(node)))
    return tuple(found[:400] + CHINESE * 5)


@cache
def trained(family: str) -> PreTrainedTokenizerFast:
    """`wordpiece`, `bytes` (byte-level BPE), `unigram` (SentencePiece) or `bpe` (SentencePiece with BPE)."""
    if family == "wordpiece":
        tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
        tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        trainer = trainers.WordPieceTrainer(vocab_size=900, special_tokens=SPECIALS, show_progress=False)
    elif family == "bytes":
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        trainer = trainers.BpeTrainer(
            vocab_size=900, special_tokens=SPECIALS, initial_alphabet=alphabet, show_progress=False
        )
    else:
        tokenizer = Tokenizer(models.Unigram() if family == "unigram" else models.BPE(unk_token="[UNK]"))
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
        tokenizer.decoder = decoders.Metaspace()
        make = trainers.UnigramTrainer if family == "unigram" else trainers.BpeTrainer
        unknown = {"unk_token": "[UNK]"} if family == "unigram" else {}
        trainer = make(vocab_size=900, special_tokens=SPECIALS, show_progress=False, **unknown)
    tokenizer.train_from_iterator(texts(), trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    )


FAMILIES = ("wordpiece", "bytes", "unigram", "bpe")

"""Pairs as token ids: which tokenizer, its languages, what marks a hidden token, and a split encoded with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright import fills
from maskwright.config import RunConfig
from maskwright.data.translation.loading import LANGUAGES
from maskwright.errors import ConfigError
from maskwright.tasks import pretrained
from maskwright.tasks.text.encoded import Ragged
from maskwright.tasks.text.maskings import maskings_of, needs_mask_token
from maskwright.tasks.text.tokenizing import CHUNK, check_length, number_cut
from maskwright.tasks.translation import scratch
from maskwright.tasks.translation.encoded import SOURCE, TARGET, EncodedPairs, Side
from maskwright.tasks.translation.languages import set_languages
from maskwright.units.vocabulary import Vocabulary

if TYPE_CHECKING:
    from maskwright.data.checked import CheckedData

__all__ = ["NUMBERED", "Template", "encoded", "load_tokenizer", "stand_in", "template_of", "texts_of"]

NUMBERED, SINGLE = "numbered", "single"
"""How runs of hidden tokens are marked; see `maskwright.fills.FillTraits`."""

SHORTEST = 4
"""Tokens that `data.max_length` takes at least."""

PROBE = "a"
"""Text whose tokens show what a tokenizer puts around them."""


def load_tokenizer(config: RunConfig, data: CheckedData) -> Any:
    """The tokenizer that training will use, for both sides.

    Raises:
        ConfigError: no such model, no padding token, nothing that may mark a hidden token where the masking needs it,
            a language that the tokenizer does not know, or a length beyond what it takes.
    """
    size = scratch.size_of(config.model)
    if size is None:
        tokenizer = pretrained.tokenizer_for(config.model)
        set_languages(tokenizer, config, data.facts[LANGUAGES])
    else:
        texts = (text for role in ("source", "target") for text in data.train[role])
        tokenizer = scratch.train_tokenizer(texts, size.vocabulary, scratch.positions(config))
    if tokenizer.pad_token_id is None:
        raise ConfigError(
            f"model: the tokenizer of '{config.model}' has no padding token, so texts cannot be batched. Give a model "
            "for translation (Marian, T5, mBART, M2M, NLLB)."
        )
    check_length(config, tokenizer.model_max_length)
    if tokenizer.mask_token_id is None and (needs_mask_token(config.masking) or _marks_runs(config, SINGLE)):
        tokenizer.mask_token = stand_in(config, tokenizer)
    _check_sentinels(config, tokenizer)
    return tokenizer


def stand_in(config: RunConfig, tokenizer: Any) -> str:
    """The token that marks what is hidden, of a tokenizer without a mask token.

    The first sentinel of a T5, which means just this to it; else the token of unknown words, which Marian and M2M have:
    it stands for a word that cannot be read.

    Raises:
        ConfigError: it has neither.
    """
    sentinels = Vocabulary.from_tokenizer(tokenizer).sentinel_ids
    if len(sentinels):
        return tokenizer.convert_ids_to_tokens(int(sentinels[0]))
    if tokenizer.unk_token_id in (None, tokenizer.pad_token_id, tokenizer.eos_token_id, tokenizer.bos_token_id):
        raise ConfigError(
            f"masking.fill: mask-token is asked for, but the tokenizer of '{config.model}' has no mask token, no "
            "<extra_id_0> and no token of unknown words of its own. Use fill: random-token or fill: drop, or another "
            "model."
        )
    return tokenizer.unk_token


def _check_sentinels(config: RunConfig, tokenizer: Any) -> None:
    """Refuse numbered sentinels that may run out."""
    if not _marks_runs(config, NUMBERED):
        return
    most, there = config.data.max_length // 2, len(Vocabulary.from_tokenizer(tokenizer).sentinel_ids)
    if there < most:
        shorter = f", or set data.max_length to {2 * there} or lower" if 2 * there >= SHORTEST else ""
        raise ConfigError(
            f"masking.fill: sentinel numbers every run of hidden tokens; {config.data.max_length} tokens may have "
            f"{most} runs, and the tokenizer of '{config.model}' has {there} sentinels. Use fill: {{sentinel: "
            f"single}}{shorter}."
        )


def _marks_runs(config: RunConfig, law: str) -> bool:
    """Whether runs of hidden tokens become one marker each, by a law."""
    return any(fills.traits(part.fill).marks_runs == law for part in maskings_of(config.masking).values())


def texts_of(side: str, texts: Any) -> dict[str, Any]:
    """A text, or several, as a tokenizer takes those of a side.

    >>> texts_of("source", "a"), texts_of("target", ["b"])
    ({'text': 'a'}, {'text_target': ['b']})
    """
    return {"text_target" if side == TARGET else "text": texts}


@dataclass(frozen=True)
class Template:
    """What a tokenizer puts around a text.

    Attributes:
        first: ids before it.
        last: ids behind it.
    """

    first: tuple[int, ...]
    last: tuple[int, ...]


def template_of(tokenizer: Any, target: bool = False) -> Template:
    """What stands around sources, or targets: special tokens and languages."""
    probe = texts_of(TARGET if target else SOURCE, PROBE)
    bare = tokenizer(**probe, add_special_tokens=False)["input_ids"]
    whole = tokenizer(**probe)["input_ids"]
    for first in range(len(whole) - len(bare) + 1):
        if bare and whole[first : first + len(bare)] == bare:
            return Template(tuple(whole[:first]), tuple(whole[first + len(bare) :]))
    return Template((), ())


def prefix_length(tokenizer: Any, prefix: str) -> int:
    """Tokens of a prefix, which stand before every source."""
    if not prefix:
        return 0
    alone, before = (
        tokenizer(text, add_special_tokens=False)["input_ids"] for text in (prefix.strip(), f"{prefix}{PROBE}")
    )
    same = [one == other for one, other in zip(alone, before, strict=False)]
    return same.index(False) if False in same else len(same)


def encoded(
    rows: Any,
    tokenizer: Any,
    config: RunConfig,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> EncodedPairs:
    """Tokenise a split with columns example_id, source and target."""
    import pyarrow as pa

    section, n = config.data, len(rows)
    lengths = {"source": section.max_length, "target": section.target_length}
    sides, notes = {}, []
    for name, limit in lengths.items():
        before = n * len(sides)
        prefix = section.prefix if name == "source" else ""
        parts, cut, done = [], 0, 0
        for texts in _blocks(rows[name], n):
            side = texts_of(name, [prefix + text for text in texts])
            tokens = tokenizer(**side, truncation=True, max_length=limit, return_attention_mask=False)
            parts.append(Ragged.from_rows(tokens["input_ids"]))
            cut += number_cut(tokens, limit)
            done += len(texts)
            on_progress((before + done) // 2, n)
        template = template_of(tokenizer, target=name == "target")
        first = len(template.first) + prefix_length(tokenizer, prefix)
        sides[name] = Side(Ragged.joined(parts), first, len(template.last))
        if cut:
            key = "data.max_length" if name == "source" else "data.max_target_length"
            notes.append(f"{cut:,} of {n:,} {name}s are longer than {key}={limit} tokens and are cut at the end.")
    return EncodedPairs(
        source=sides["source"],
        target=sides["target"],
        texts=pa.chunked_array([pa.array(texts, pa.string()) for texts in _blocks(rows["target"], n)], pa.string()),
        example_ids=np.asarray(rows["example_id"][:], dtype=np.int64),
        vocabulary=replace(Vocabulary.from_tokenizer(tokenizer), pads_left=False),
        notes=tuple(notes),
    )


def _blocks(column: Any, n: int) -> Iterator[list[str]]:
    """The texts of a column, some after the other."""
    for start in range(0, n, CHUNK):
        yield list(column[start : start + CHUNK])

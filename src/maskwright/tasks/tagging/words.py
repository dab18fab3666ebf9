"""Sentences as tokens: which word each token is of, which token stands for its word, what is cut."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskwright.config import RunConfig
from maskwright.errors import ConfigError
from maskwright.tasks.text.encoded import Ragged
from maskwright.tasks.text.tokenizing import CHUNK, PASSED_ON, load_tokenizer

__all__ = ["NO_WORD", "TokenisedWords", "load_word_tokenizer", "texts_of", "tokenised_words", "words_kept"]

NO_WORD = -1
"""Word of special tokens."""


def load_word_tokenizer(config: RunConfig, rows: Any) -> Any:
    """The tokenizer of a run, which can tell what word a token is of.

    Args:
        config: of the run.
        rows: training rows with `tokens`; read for `scratch:` models only.

    Raises:
        ConfigError: it cannot be had, or is one of Python's own, which cannot tell.
    """
    tokenizer = load_tokenizer(config, lambda: texts_of(rows))
    if not tokenizer.is_fast:
        raise ConfigError(
            f"model: the tokenizer of '{config.model}' ({type(tokenizer).__name__}) does not say which word a token is "
            "of. token-classification needs a fast tokenizer, one with a tokenizer.json; choose a model that has one."
        )
    return tokenizer


def texts_of(rows: Any) -> Iterator[str]:
    """Every sentence of a split as text."""
    return (" ".join(words) for words in rows["tokens"])


@dataclass(frozen=True, eq=False)
class TokenisedWords:
    """Tokenised sentences.

    Attributes:
        inputs: what the model takes, by name, a row per sentence.
        words: the word of each token, from 0; `NO_WORD` of special tokens.
        cut: sentences that were cut.
        cut_words: words that were cut off.
        vanished: words that the tokenizer turns into nothing.
    """

    inputs: Mapping[str, Ragged]
    words: Ragged
    cut: int
    cut_words: int
    vanished: int

    @property
    def first(self) -> np.ndarray:
        """[all tokens] bool, the first token of its word, which has the word's label."""
        words = self.words.values
        begins = np.ones(len(words), dtype=bool)
        begins[1:] = words[1:] != words[:-1]
        starts = self.words.ends - self.words.lengths
        begins[starts[self.words.lengths > 0]] = True
        return begins & (words != NO_WORD)

    def looked_up(self, values: Ragged, nothing: int, at: np.ndarray | None = None) -> Ragged:
        """A number per token from a number per word.

        Args:
            values: a row for each sentence, of a number for each of its words.
            nothing: what tokens have that are of no word.
            at: [all tokens] bool, tokens that get it; the others have `nothing`. None: all of them.
        """
        words = self.words.values
        chosen = words != NO_WORD if at is None else at
        places = words + np.repeat(values.ends - values.lengths, self.words.lengths)
        numbers = np.full(len(words), nothing, dtype=np.int32)
        numbers[chosen] = values.values[places[chosen]]
        return Ragged(numbers, self.words.ends)

    def notes(self, max_length: int) -> tuple[str, ...]:
        """What the user should know."""
        notes = []
        if self.cut:
            notes.append(
                f"{self.cut:,} of {len(self.words):,} sentences are longer than data.max_length={max_length} tokens "
                f"and are cut at the end, {self.cut_words:,} words with them. Their tags are not learned, and count as "
                "answered with O."
            )
        if self.vanished:
            notes.append(
                f"{self.vanished:,} words have no token, as the tokenizer removes all their characters. Their tags "
                "are not learned, and count as answered with O."
            )
        return tuple(notes)


def tokenised_words(
    sentences: Sequence[Sequence[str]],
    tokenizer: Any,
    max_length: int,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> TokenisedWords:
    """Tokenise sentences word by word; longer ones than `max_length` tokens are cut at the end.

    Words are written as in running text, with a blank before each but the first, because that is what tokenizers of
    bytes have learned: without it they take every word for the end of another.

    Args:
        sentences: [N] lists of words, read some at a time.
        tokenizer: of `load_word_tokenizer`.
        max_length: tokens, special tokens included.
        on_progress: called with sentences done and sentences in all.
    """
    names = [name for name in PASSED_ON if name == "input_ids" or name in tokenizer.model_input_names]
    parts: dict[str, list[Ragged]] = {name: [] for name in names}
    words: list[Ragged] = []
    cut = cut_words = vanished = done = 0
    for some, tokens in _tokens_of(sentences, tokenizer, max_length):
        for name in names:
            parts[name].append(Ragged.from_rows(tokens[name]))
        rows = [[NO_WORD if word is None else word for word in encoding.word_ids] for encoding in tokens.encodings]
        words.append(Ragged.from_rows(rows))
        for sentence, row, encoding in zip(some, rows, tokens.encodings, strict=True):
            behind = len(sentence) - _words_kept(encoding, len(sentence))
            cut += bool(encoding.overflowing)
            cut_words += behind
            vanished += len(sentence) - len({*row} - {NO_WORD}) - behind
        done += len(some)
        on_progress(done, len(sentences))
    inputs = {name: Ragged.joined(some) for name, some in parts.items()}
    return TokenisedWords(inputs, Ragged.joined(words), cut, cut_words, vanished)


def words_kept(sentences: Sequence[Sequence[str]], tokenizer: Any, max_length: int) -> np.ndarray:
    """[N] int64: how many words of each sentence `max_length` tokens hold, special tokens included."""
    kept = [
        _words_kept(encoding, len(sentence))
        for some, tokens in _tokens_of(sentences, tokenizer, max_length)
        for sentence, encoding in zip(some, tokens.encodings, strict=True)
    ]
    return np.array(kept, dtype=np.int64)


def _tokens_of(
    sentences: Sequence[Sequence[str]], tokenizer: Any, max_length: int
) -> Iterator[tuple[list[list[str]], Any]]:
    """(sentences, their tokens) some after the other."""
    for start in range(0, len(sentences), CHUNK):
        some = [
            [word if place == 0 else f" {word}" for place, word in enumerate(sentence)]
            for sentence in sentences[start : start + CHUNK]
        ]
        options = {"is_split_into_words": True, "truncation": True, "return_attention_mask": False}
        yield some, tokenizer(some, max_length=max_length, **options)


def _words_kept(encoding: Any, words: int) -> int:
    """Of a sentence that may have been cut, how many words come before the cut; the last one may be cut itself."""
    if not encoding.overflowing:
        return words
    return max((word + 1 for word in encoding.word_ids if word is not None), default=0)

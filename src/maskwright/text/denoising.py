"""Sequence-to-sequence pre-training: damaged text in, what is missing (T5) or the whole text (BART) out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskwright import fills
from maskwright.backend.arrays import Array, arange, dtype_name, largest, namespace, running_count, to_dtype, true_count
from maskwright.backend.codes import IGNORED
from maskwright.backend.content import content_ids
from maskwright.errors import ConfigError, MaskingError
from maskwright.geometry.kept import kept, run_starts, take
from maskwright.masking import Masking
from maskwright.rng import Moment, Rng
from maskwright.strategy import check, choice, number
from maskwright.text.collator import MaskingCollator
from maskwright.text.reorder import REORDERINGS, reorder_batch
from maskwright.units.vocabulary import sentinels


@dataclass(frozen=True)
class Denoiser:
    """One way of damaging texts, and what the model is to say.

    Args:
        masking: what is hidden; a value, a preset's name or a mapping, as `Masking.from_dict` takes them.
        targets: `hidden`, the hidden tokens, each run behind its sentinel if the fill numbers them; `whole`, the text
            as it was; `auto`, hidden with the fill `sentinel` (numbered) and whole with any other.
        share: of the examples that get this one, relative to the shares of the others.
        mode: a token in front of the input that tells the model which way it was (UL2), or None.

    >>> masking = Masking.from_dict({"pattern": "t5-spans", "budget": 0.15, "fill": "sentinel"})
    >>> Denoiser(masking).hidden_only
    True
    """

    masking: Masking
    targets: str = choice("auto", "auto", "hidden", "whole")
    share: float = number(1.0, 1e-6, 1e6, "relative")
    mode: str | None = None

    def __post_init__(self):
        if not isinstance(self.masking, Masking):
            _check_text_preset(self.masking)
            object.__setattr__(self, "masking", Masking.from_dict(self.masking))
        check(self)
        fills.check_for_tokens(self.masking.fill)

    @property
    def numbered(self) -> bool:
        """Whether the target names the runs."""
        return fills.traits(self.masking.fill).marks_runs == "numbered"

    @property
    def hidden_only(self) -> bool:
        """Whether the target is what was hidden."""
        return self.numbered if self.targets == "auto" else self.targets == "hidden"


def ul2(regular: str | None = "[R]", sequential: str | None = "[S]", extreme: str | None = "[X]") -> tuple:
    """The seven denoisers of UL2, with the tokens that announce them.

    Spans of mean length 3 and 8 at 15 % (R); the last quarter of the text (S); spans of 3, 8 and 64 at 50 %, and of 64
    at 15 % (X). All shares are equal here; give others with `dataclasses.replace`.

    Source: Tay et al. 2022, UL2 (arXiv:2205.05131), table 1.

    Args:
        regular: mode token of R, which the tokenizer must have; None for no token.
        sequential: of S.
        extreme: of X.
    """
    settings = [(regular, 3, 0.15), (regular, 8, 0.15), (sequential, 1_000_000, 0.25)]
    settings += [(extreme, 3, 0.5), (extreme, 8, 0.5), (extreme, 64, 0.15), (extreme, 64, 0.5)]
    nodes = [
        (mode, {"pattern": {"t5-spans": {"length": length}}, "budget": {"ratio": share}, "fill": "sentinel"})
        for mode, length, share in settings
    ]
    return tuple(Denoiser(Masking.from_dict(node), mode=mode) for mode, node in nodes)


class DenoisingCollator:
    """Pad tokenised examples, damage them and make targets, for `AutoModelForSeq2SeqLM`.

    Returns `input_ids`, `attention_mask` and `labels` [B, M] (-100 behind the end), from which T5, BART and their kin
    make the decoder's inputs themselves. Epochs, seeds and the names of examples are those of `MaskingCollator`, with
    the same refusals. In evaluation (`attach`) the masks are the same every time, and those of no epoch of training.

    Args:
        tokenizer: the one that made the ids; pads on the right.
        denoisers: a masking (or what `Masking.from_dict` takes: `"t5"`, a mapping), a `Denoiser`, or several of them,
            of which each example draws one anew in every epoch.
        reorder: before hiding, `sentences` (put into random order) or `rotation` (begin at a random token), as in BART;
            for denoisers whose target is the whole text.
        last_sentinel: end targets of numbered runs with one more sentinel, as in T5's figure 2.
        eos: end targets with the tokenizer's end token, where they do not yet.
        seed: of the masks.
        epoch: of a first pass; leave it out if something will call `set_epoch`.
        **options: `pad_to_multiple_of` and `return_tensors`, as of `MaskingCollator`.

    Raises:
        ConfigError: options out of range, maskings that are not for text, padding on the left, a mode that the
            tokenizer does not know as one token.
    """

    def __init__(
        self,
        tokenizer: Any,
        denoisers: Any,
        *,
        reorder: str | None = None,
        last_sentinel: bool = True,
        eos: bool = True,
        seed: int = 0,
        epoch: int | None = None,
        **options: Any,
    ):
        if tokenizer.padding_side != "right":
            raise ConfigError("denoising: encoders and decoders are padded on the right; set padding_side='right'.")
        if reorder is not None and reorder not in REORDERINGS:
            raise ConfigError(f"reorder: expected one of {', '.join(REORDERINGS)} or None, given {reorder!r}.")
        several = denoisers if isinstance(denoisers, list | tuple) else [denoisers]
        self.denoisers = tuple(d if isinstance(d, Denoiser) else Denoiser(d) for d in several)
        if not self.denoisers:
            raise ConfigError("denoising: expected a masking or one or more denoisers, given none.")
        if reorder is not None and any(denoiser.hidden_only for denoiser in self.denoisers):
            raise ConfigError("reorder: the target must be the whole text; use targets: whole.")
        self._modes = [_mode_id(tokenizer, denoiser.mode) for denoiser in self.denoisers]
        self._reorder = reorder
        self._last = last_sentinel
        self._eos = tokenizer.eos_token_id if eos else None
        self._plain = MaskingCollator(tokenizer, None, seed=seed, epoch=epoch, **options)
        self.vocabulary = self._plain.vocabulary
        self.set_epoch, self.set_progress = self._plain.set_epoch, self._plain.set_progress

    @property
    def epoch(self) -> int:
        """The epoch the next batch is masked for; -1 before one was set."""
        return self._plain.epoch

    def attach(self, trainer: Any) -> Any:
        """Let a Hugging Face `Trainer` use this collator; return the trainer."""
        from maskwright.text.trainer_hook import attach

        return attach(self, trainer)

    def __call__(self, features: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Pad, damage and make targets; arrays of int64."""
        return self._denoised(features, self._plain.moment(*(d.masking for d in self.denoisers)))

    def for_evaluation(self, features: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """As in training, with masks that never change and that no training has."""
        return self._denoised(features, Moment.evaluation())

    def _denoised(self, features: Sequence[Mapping[str, Any]], moment: Moment) -> dict[str, Any]:
        batch, names = self._plain.padded(features)
        if "labels" in batch:
            raise MaskingError("denoising makes labels of its own, but the examples bring some; remove the column.")
        ids, attended = batch["input_ids"], batch["attention_mask"] != 0
        names = content_ids(ids, attended) if names is None else names
        rng = Rng.of_batch(names, ids, moment).child("denoising")
        shuffled = ids
        if self._reorder is not None:
            shuffled = reorder_batch(self._reorder, ids, attended, self.vocabulary, rng)
        shares = np.cumsum([denoiser.share for denoiser in self.denoisers])
        borders = np.round(shares[:-1] / shares[-1] * (1 << 24)).astype(np.int64)
        drawn = np.searchsorted(borders, rng.child("denoiser").draw(), side="right")
        done = []
        for number_, denoiser in enumerate(self.denoisers):
            rows = np.flatnonzero(drawn == number_)
            if len(rows):
                part = {"input_ids": shuffled[rows], "attention_mask": batch["attention_mask"][rows]}
                out = denoiser.masking(part, vocabulary=self.vocabulary, example_ids=names[rows], moment=moment)
                labels = self._targets(denoiser, ids[rows], attended[rows], out)
                done.append((rows, out.inputs, labels, self._modes[number_]))
        return self._plain.tensors(self._joined(len(ids), done))

    def _targets(self, denoiser: Denoiser, ids: np.ndarray, attended: np.ndarray, out: Any) -> np.ndarray:
        if not denoiser.hidden_only:
            return whole_targets(ids, attended, self._eos)
        if not denoiser.numbered:
            return whole_targets(ids, out.mask, self._eos)
        return span_targets(ids, out.mask, self.vocabulary, last_sentinel=self._last, eos_id=self._eos)

    def _joined(self, size: int, done: list[tuple]) -> dict[str, np.ndarray]:
        """The parts of a batch, each damaged in its way, in one again."""
        multiple = self._plain.multiple
        width = max(out["input_ids"].shape[1] + (mode is not None) for _, out, _, mode in done)
        width, height = (
            -(-n // multiple) * multiple for n in (width, max(labels.shape[1] for _, _, labels, _ in done))
        )
        joined = {
            "input_ids": np.full((size, width), self.vocabulary.pad_id or 0),
            "attention_mask": np.zeros((size, width), dtype=np.int64),
            "labels": np.full((size, height), IGNORED),
        }
        for rows, out, labels, mode in done:
            first = int(mode is not None)
            last = first + out["input_ids"].shape[1]
            joined["input_ids"][rows, first:last] = out["input_ids"]
            joined["attention_mask"][rows, first:last] = out["attention_mask"]
            joined["labels"][rows, : labels.shape[1]] = labels
            if mode is not None:
                joined["input_ids"][rows, 0], joined["attention_mask"][rows, 0] = mode, 1
        return joined


def span_targets(
    ids: Array, mask: Array, vocabulary: Any, *, last_sentinel: bool = True, eos_id: int | None = None
) -> Array:
    """T5's targets: for every run of hidden tokens its sentinel and the tokens.

    Args:
        ids: [B, L] the tokens before anything was hidden.
        mask: [B, L] bool, True = hidden.
        vocabulary: of the ids, with sentinels.
        last_sentinel: one more sentinel at the end.
        eos_id: of the end token, or None.

    Returns:
        [B, M] ids, -100 behind the end; M is the longest of the batch.

    Raises:
        MaskingError: a tokenizer with too few sentinels.

    >>> from types import SimpleNamespace
    >>> vocabulary = SimpleNamespace(table=lambda name, reference: np.array([99, 98, 97]))
    >>> span_targets(np.array([[5, 6, 7, 8]]), np.array([[True, True, False, True]]), vocabulary, eos_id=1)
    array([[99,  5,  6, 98,  8, 97,  1]])
    """
    xp = namespace(ids)
    starts = run_starts(mask)
    runs = running_count(starts)
    place = runs + running_count(mask) - 1
    n_runs = true_count(starts)
    size = n_runs + true_count(mask)
    ends = int(last_sentinel) + int(eos_id is not None)
    out = xp.full((ids.shape[0], largest(size) + ends), IGNORED, dtype=ids.dtype, device=ids.device)
    row = arange(ids.shape[0], ids)
    out[xp.nonzero(mask)[0], to_dtype(place[mask], "int64")] = ids[mask]
    marker = to_dtype(sentinels(runs[starts], vocabulary), dtype_name(ids))
    out[xp.nonzero(starts)[0], to_dtype(place[starts], "int64") - 1] = marker
    if last_sentinel:
        out[row, size] = to_dtype(sentinels(n_runs + 1, vocabulary), dtype_name(ids))
    if eos_id is not None:
        out[row, size + int(last_sentinel)] = eos_id
    return out


def whole_targets(ids: Array, attended: Array, eos_id: int | None = None) -> Array:
    """[B, M] the attended tokens, -100 behind the end; with `eos_id`, it is added where it is not the last already."""
    xp = namespace(ids)
    index, present = kept(attended)
    body = take(ids, index, present, IGNORED)
    if eos_id is None:
        return body
    size, row = true_count(attended), arange(ids.shape[0], ids)
    out = xp.concat([body, xp.full_like(body[:, :1], IGNORED) if body.shape[1] else body], axis=1)
    if not body.shape[1]:
        return xp.full((ids.shape[0], 1), eos_id, dtype=ids.dtype, device=ids.device)
    missing = (size == 0) | (out[row, xp.where(size > 0, size - 1, 0)] != eos_id)
    out[row[missing], size[missing]] = eos_id
    return out[:, : largest(size + missing)]


def _check_text_preset(node: Any) -> None:
    if not isinstance(node, str):
        return
    from maskwright.presets import presets

    named = presets().get(node)
    if named is not None and set(named.grid) != {"token"}:
        raise ConfigError(
            f"denoising: the preset '{node}' is for {' x '.join(named.grid)}, not for text; use t5, bart or another "
            "text preset."
        )


def _mode_id(tokenizer: Any, mode: str | None) -> int | None:
    if mode is None:
        return None
    token = tokenizer.get_vocab().get(mode)
    if token is None:
        raise ConfigError(
            f"mode: the tokenizer has no token {mode!r}; add it with "
            f"tokenizer.add_special_tokens({{'additional_special_tokens': [{mode!r}]}}) and resize the embeddings."
        )
    return token

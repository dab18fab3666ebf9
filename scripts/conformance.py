"""Put masking code, ours and others', through the checks of `maskwright.testing`; write docs/conformance.md.

    pip install --no-deps --target peers timm torchaudio
    rm -r peers/torchaudio/lib                        # compiled for CUDA; the functions used here are plain Python
    python scripts/conformance.py --peers peers       # all systems, writes the page (half a minute on one core)
    python scripts/conformance.py "HF masked LM" --only workers     # one of them, one check

Without `--peers` the systems that need those packages are listed as not run. Examples, seeds and orders are fixed, so
that the page is the same on every run with the same versions.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

import maskwright as mw
from maskwright.audit import masking_subject
from maskwright.testing import COLLATOR_CHECKS, Finding, Subject, array_subject, collator_subject
from maskwright.testing.hiding import HIDING_CHECKS
from maskwright.testing.synthetic import synthetic_tokenizer

PAGE = Path(__file__).parents[1] / "docs" / "conformance.md"
MARKS = {"pass": "✓", "fail": "✗", "not applicable": "·", "raised": "!"}
HEADS = {
    "ratio": "ratio",
    "positions": "places",
    "exact_count": "exact",
    "something_hidden": "short texts",
    "uneven_lengths": "uneven",
    "special_tokens": "special",
    "padding": "padding",
    "replacements": "random",
    "rest_untouched": "rest",
    "whole_words": "words",
    "labels": "labels",
    "in_place": "in place",
    "repeats": "seed",
    "workers": "workers",
    "batch_size": "batch",
    "order": "order",
    "resume": "resume",
    "ranks_same": "rank, same",
    "ranks_differ": "rank, other",
    "epochs_differ": "epochs",
    "back_ends": "back ends",
}
SPAN_LENGTH, TIME = 10, 100


@dataclass(frozen=True)
class System:
    """Something to put to the test.

    Attributes:
        name: short, unique.
        package: whose version is told.
        how: how it was called, in a sentence.
        make: its subject; ImportError if the package is not there.
        notes: check -> what a reader should know about a failure.
    """

    name: str
    package: str
    how: str
    make: Callable[[], Subject]
    notes: dict[str, str]


PROBABILITY = "The argument is documented as a probability per token or word, so that the count of a text is binomial."
STREAM = "The masks come from a stream of random numbers, so that they depend on what was drawn before."
LABELS = "Labels are made for language modelling; a column of class labels is replaced."
EPOCHS = "Workers that are started anew for an epoch begin again with the same seed."
RANKS = "The generator of every rank was seeded alike; a run that adds the rank to its seed avoids this."
SPAN_EDGE = "A span begins at a place where all of it fits, so that fewer spans cover the edges."


def hf_language_model() -> Subject:
    """Masked language modelling, with both of its back ends."""
    from transformers import DataCollatorForLanguageModeling as Collator

    def on(kind: str) -> Any:
        return Collator(synthetic_tokenizer(), seed=0, return_tensors=kind)

    return collator_subject(on("pt"), alternatives={"numpy": lambda: on("np")})


def hf_whole_words(offsets: bool) -> Subject:
    """Whole words, with or without the columns that the Trainer removes."""
    from transformers import DataCollatorForLanguageModeling as Collator

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        collator = Collator(synthetic_tokenizer(), seed=0, whole_word_mask=True)
    subject = collator_subject(collator)
    if not offsets:
        return subject
    groups = {name: [_with_offsets(e) for e in getattr(subject, name)] for name in ("examples", "uneven", "short")}
    return replace(subject, **groups)


def _with_offsets(example: dict[str, list[int]]) -> dict[str, Any]:
    """Where each token lies in the text, words parted by a blank; as a fast tokenizer tells it."""
    tokens, place, offsets = synthetic_tokenizer().convert_ids_to_tokens(example["input_ids"]), 0, []
    for token in tokens:
        size = len(token.removeprefix("##"))
        if token in ("[CLS]", "[SEP]"):
            offsets.append((0, 0))
            continue
        place += 0 if token.startswith("##") else 1
        offsets.append((place, place + size))
        place += size
    special = [int(token in ("[CLS]", "[SEP]")) for token in tokens]
    return {**example, "offset_mapping": offsets, "special_tokens_mask": special}


def hf_permutation() -> Subject:
    """Permutation language modelling, for XLNet."""
    from transformers import DataCollatorForPermutationLanguageModeling as Collator

    return collator_subject(Collator(synthetic_tokenizer()))


def hf_wav2vec2() -> Subject:
    """Spans of frames."""
    from transformers.models.wav2vec2.modeling_wav2vec2 import _compute_mask_indices

    def hide(x: Any) -> np.ndarray:
        return _compute_mask_indices((x.shape[0], x.shape[1]), mask_prob=0.3, mask_length=SPAN_LENGTH)

    return array_subject(hide, (TIME,), ratio=0.3)


def hf_mae() -> Subject:
    """Patches of an image."""
    from transformers import ViTMAEConfig
    from transformers.models.vit_mae.modeling_vit_mae import ViTMAEEmbeddings

    config = ViTMAEConfig(image_size=56, patch_size=4, hidden_size=8, num_attention_heads=1, mask_ratio=0.7)
    embeddings = ViTMAEEmbeddings(config)

    def hide(x: Any) -> Any:
        return embeddings.random_masking(x[:, :, None])[1] == 1

    return array_subject(hide, (196,), ratio=0.7)


def torchaudio_axis() -> Subject:
    """One frequency mask for each spectrogram."""
    from torchaudio.functional import mask_along_axis_iid

    def hide(x: Any) -> Any:
        return mask_along_axis_iid(x[:, None, :, None], mask_param=27, mask_value=0.0, axis=2)[:, 0, :, 0]

    return array_subject(hide, (80,))


def timm_erasing() -> Subject:
    """One box for each image."""
    found = importlib.util.find_spec("timm")
    if found is None or found.origin is None:
        raise ImportError("timm")
    # The one file: the package around it needs torchvision, which this does not.
    spec = importlib.util.spec_from_file_location("erasing", Path(found.origin).parent / "data" / "random_erasing.py")
    if spec is None or spec.loader is None:
        raise ImportError("timm")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    erase = module.RandomErasing(probability=1.0, mode="const", device="cpu")
    return array_subject(erase, (1, 16, 16))


def ours_adapter() -> Subject:
    """Our collator of the same name and arguments."""
    from maskwright.adapters.huggingface import DataCollatorForLanguageModeling as Collator

    def on(kind: str) -> Any:
        return Collator(synthetic_tokenizer(), seed=0, return_tensors=kind)

    return collator_subject(on("pt"), alternatives={"numpy": lambda: on("np")})


def ours(**masking: Any) -> Callable[[], Subject]:
    """A masking of ours; the preset `bert` if nothing is said."""
    return lambda: masking_subject(mw.Masking.from_dict(masking) if masking else mw.preset("bert"))


STREAMED = dict.fromkeys(("workers", "batch_size", "order", "resume", "ranks_same"), STREAM)
SYSTEMS = (
    System(
        "maskwright bert",
        "maskwright",
        "the preset `bert`: 15% of the tokens, 80/10/10",
        ours(),
        {},
    ),
    System(
        "maskwright word spans",
        "maskwright",
        "spans of 3 words, ratio 0.3, mask token",
        ours(pattern={"span": {"length": 3}}, budget=0.3, fill="mask-token", unit="word"),
        {},
    ),
    System(
        "maskwright HF adapter",
        "maskwright",
        "`maskwright.adapters.huggingface.DataCollatorForLanguageModeling(tokenizer, seed=0)`",
        ours_adapter,
        {"exact_count": PROBABILITY, "something_hidden": PROBABILITY},
    ),
    System(
        "HF masked LM",
        "transformers",
        "`DataCollatorForLanguageModeling(tokenizer, seed=0)`, 15%, 80/10/10",
        hf_language_model,
        {
            "exact_count": PROBABILITY,
            "something_hidden": PROBABILITY,
            "replacements": "Random words are drawn from all ids of the vocabulary.",
            "labels": LABELS,
            "ranks_differ": "The generator of every rank begins with the same `seed`.",
            "epochs_differ": EPOCHS,
            "back_ends": "torch and NumPy have generators of their own.",
            **STREAMED,
        },
    ),
    System(
        "HF whole words",
        "transformers",
        "the same with `whole_word_mask=True`, on the columns that the Trainer leaves by default",
        lambda: hf_whole_words(offsets=False),
        {"ratio": "The collator needs `offset_mapping`, which the Trainer removes (`remove_unused_columns=True`)."},
    ),
    System(
        "HF whole words, offsets",
        "transformers",
        "the same, with `offset_mapping` and `special_tokens_mask` in the examples",
        lambda: hf_whole_words(offsets=True),
        {
            "uneven_lengths": "`tokenizer.pad` does not pad `offset_mapping`.",
            "exact_count": PROBABILITY,
            "something_hidden": PROBABILITY,
            "epochs_differ": EPOCHS,
            "labels": LABELS,
            **STREAMED,
        },
    ),
    System(
        "HF permutation LM",
        "transformers",
        "`DataCollatorForPermutationLanguageModeling(tokenizer)`",
        hf_permutation,
        {
            "uneven_lengths": "Texts of an odd number of tokens are refused.",
            "exact_count": "Spans are drawn one after the other until the text ends, so that their number varies.",
            "something_hidden": "Spans are drawn one after the other until the text ends, so that their number varies.",
            "labels": LABELS,
            "ranks_differ": RANKS,
            **STREAMED,
        },
    ),
    System(
        "HF wav2vec 2.0 spans",
        "transformers",
        f"`_compute_mask_indices`, 100 frames, `mask_prob=0.3`, `mask_length={SPAN_LENGTH}`",
        hf_wav2vec2,
        {
            "ratio": "Spans overlap; the documentation says that the share may be lower.",
            "exact_count": "Spans overlap.",
            "positions": SPAN_EDGE,
            "ranks_differ": RANKS,
            **STREAMED,
        },
    ),
    System(
        "HF ViTMAE",
        "transformers",
        "`random_masking` of 196 patches, `mask_ratio=0.7`",
        hf_mae,
        {
            "ratio": "The number that is kept is `int(196 * (1 - 0.7))`: 58 of 58.8, always rounded down.",
            "ranks_differ": RANKS,
            **STREAMED,
        },
    ),
    System(
        "torchaudio axis mask",
        "torchaudio",
        "`mask_along_axis_iid`, 80 frequency bins, `mask_param=27`",
        torchaudio_axis,
        {"positions": SPAN_EDGE + " That is the published law (SpecAugment).", "ranks_differ": RANKS, **STREAMED},
    ),
    System(
        "timm RandomErasing",
        "timm",
        "images of 16 x 16, `probability=1`, `mode='const'`, on the CPU",
        timm_erasing,
        {
            "positions": "A box lies inside the image, so that fewer boxes cover the edges; so does the paper's.",
            "in_place": "The tensor that is given is the one that is erased.",
            "ranks_differ": RANKS,
            **STREAMED,
        },
    ),
)
NOT_RUN = (
    ("audiomentations", "importing it needs librosa, which is not installed here"),
    ("sentence-transformers", "no collator masks; the deletion noise of TSDAE works on texts in a data set"),
    ("fairseq, SpanBERT, ELECTRA, T5/seqio, Megatron-LM, ModernBERT, SpeechBrain, lhotse, kornia", "not tried here"),
)


def measure(system: System, only: list[str]) -> list[Finding]:
    """What the checks find; ImportError if its package is missing."""
    subject = system.make()
    return [check.measure(subject) for check in COLLATOR_CHECKS if not only or check.name in only]


def page(found: dict[str, list[Finding]], missing: dict[str, str]) -> str:
    """The page, from findings by name of the system."""
    systems = [system for system in SYSTEMS if system.name in found]
    lines = [INTRODUCTION, "## The systems\n", *_systems_table(systems), "", "## The verdicts\n", LEGEND]
    hiding = [check.name for check in HIDING_CHECKS]
    rest = [check.name for check in COLLATOR_CHECKS if check.name not in hiding]
    for title, names in (("What is hidden", hiding), ("What a mask depends on", rest)):
        lines += [f"### {title}\n", *_verdict_table(systems, found, names), ""]
    lines += [
        "### What each check asks\n",
        *(f"- **{HEADS[c.name]}** (`{c.name}`): {c.asks}." for c in COLLATOR_CHECKS),
    ]
    lines += ["", "## The faults, one by one\n", FAULTS]
    for system in systems:
        lines += _faults(system, found[system.name])
    lines += ["## Not run\n", *(f"- {name}: {why}." for name, why in [*missing.items(), *NOT_RUN]), ""]
    return "\n".join(lines)


INTRODUCTION = """# What masking code really does

This page is for a person who has to decide what to trust. Masking code of several libraries, ours among them, was
called the way its documentation says, on examples whose every property is known, and the masks were read off what came
back. Nothing below is an opinion about quality: each line is a number and the command that gives it again. Some of what
is marked ✗ is a documented choice, and then the text says so; it is marked all the same, because a reader may need the
other choice.

The page is written by `python scripts/conformance.py --peers peers`; its first lines say how to install the peers. The
checks are those of `maskwright audit` and `maskwright.testing`, so that your own collator can be put through them:

```bash
maskwright audit my_package.my_module:MyCollator --ratio 0.15
```

**How it was run.** 1,500 texts of 64 tokens over a vocabulary of 1,125 (20 of them reserved), 200 texts of 4 to 64
tokens and 400 of 8; for functions on arrays, 1,500 rows of numbers. Masks are compared between runs on 96 examples,
against batches of 8 in one process. Every process of a run makes its own collator after the global generators of
Python, NumPy and torch were set to one seed, as the Hugging Face Trainer does. A rank is simulated as such a process
that takes every second example, a resume as one that skips what was done. Workers are real. A mean ratio fails beyond 4
standard errors, a place beyond 5.
"""
LEGEND = """✓ passed, ✗ failed, ! raised an error, · not applicable (there is nothing to look at, or nothing says what
was asked).
"""
FAULTS = """What was found where a check failed, and how to see it again. `same` is the share of examples whose mask is
the one that the usual run gives (all should be), `equal` the share that has the very mask it should not have (none
should be, beyond chance).
"""


def _systems_table(systems: list[System]) -> list[str]:
    rows = [f"| {s.name} | {s.package} {_version(s.package)} | {s.how} |" for s in systems]
    return ["| system | version | how it was called |", "|---|---|---|", *rows]


def _verdict_table(systems: list[System], found: dict[str, list[Finding]], names: list[str]) -> list[str]:
    lines = [f"| | {' | '.join(HEADS[name] for name in names)} |", f"|---|{':-:|' * len(names)}"]
    for system in systems:
        verdicts = {finding.check: _mark(finding) for finding in found[system.name]}
        lines.append(f"| {system.name} | {' | '.join(verdicts[name] for name in names)} |")
    return lines


def _mark(finding: Finding) -> str:
    return MARKS["raised" if finding.numbers.get("raised") else finding.verdict]


def _faults(system: System, findings: list[Finding]) -> list[str]:
    failed = [finding for finding in findings if finding.verdict == "fail"]
    title = f"### {system.name} ({system.package} {_version(system.package)})\n"
    if not failed:
        return [title, "None found.\n"]
    if len({finding.answer for finding in failed}) == 1 and len(failed) > 3:
        note = next((system.notes[f.check] for f in failed if f.check in system.notes), "")
        return [title, f"All {len(failed)} checks: {failed[0].answer}. {note} {_command(system, failed[0])}\n"]
    lines = [title]
    by_note: dict[str, list[Finding]] = {}
    for finding in failed:
        by_note.setdefault(system.notes.get(finding.check, finding.check), []).append(finding)
    for note, group in by_note.items():
        said = "; ".join(f"**{HEADS[finding.check]}**: {finding.answer}" for finding in group)
        why = f" {note}" if note != group[0].check else ""
        lines.append(f"- {said}.{why} {_command(system, group[0])}")
    return [*lines, ""]


def _command(system: System, finding: Finding) -> str:
    peers = " --peers peers" if system.package in ("torchaudio", "timm") else ""
    return f'`python scripts/conformance.py "{system.name}" --only {finding.check}{peers}`'


def _version(package: str) -> str:
    return metadata.version(package)


def main() -> None:
    """Run some systems and show them, or all of them and write the page."""
    parser = argparse.ArgumentParser(description="Put masking code through the checks of maskwright.testing.")
    parser.add_argument("system", nargs="?", help="name of one system; all, and the page is written, if left out")
    parser.add_argument("--only", action="append", default=[], help="name of a check; repeat for several")
    parser.add_argument("--peers", help="folder that pip install --target filled")
    given = parser.parse_args()
    if given.peers:
        sys.path.append(given.peers)
    if given.system and given.system not in {system.name for system in SYSTEMS}:
        sys.exit(f"there is no system '{given.system}'; known: {', '.join(system.name for system in SYSTEMS)}")
    found, missing = {}, {}
    for system in SYSTEMS:
        if given.system in (None, system.name):
            print(system.name, file=sys.stderr, flush=True)
            try:
                found[system.name] = measure(system, given.only)
            except ImportError as error:
                missing[system.name] = f"{error.name or error} is not installed"
    if given.system or given.only:
        for name, findings in found.items():
            print(name)
            for finding in findings:
                print(f"  {_mark(finding)} {finding.check}: {finding.asked}: {finding.answer}")
        for name, why in missing.items():
            print(f"{name}: not run, {why}")
    else:
        PAGE.write_text(page(found, missing), encoding="utf-8")


if __name__ == "__main__":
    main()

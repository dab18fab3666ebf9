"""Translation: one text in, its translation out, written token by token."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from maskwright import objectives
from maskwright.config import Configuration, RunConfig
from maskwright.data.translation.loading import load_translation_data
from maskwright.data.translation.section import TranslationSection
from maskwright.objectives.supervised import cross_entropy
from maskwright.tasks.contract import Task, Words
from maskwright.tasks.examples import Hidden, Loss
from maskwright.tasks.metrics.bleu import BLEU
from maskwright.tasks.metrics.bleu_characters import BLEU_CHARACTERS
from maskwright.tasks.metrics.chrf import CHRF
from maskwright.tasks.metrics.exact_match import EXACT_MATCH
from maskwright.tasks.metrics.perplexity import PERPLEXITY
from maskwright.tasks.text.models import plain_fill, readable_variants, same_tokens
from maskwright.tasks.translation.checks import check_run, describe, evaluated, other_fill
from maskwright.tasks.translation.encoded import SIDES, EncodedPairs, rows_of_sources
from maskwright.tasks.translation.generating import GenerationSection, decoding, interim
from maskwright.tasks.translation.models import built, likelihood, predict, restored
from maskwright.tasks.translation.sections import sections
from maskwright.tasks.translation.shown import shown, worded
from maskwright.tasks.translation.tokenizing import encoded, load_tokenizer

if TYPE_CHECKING:
    from maskwright.data.checked import CheckedData

__all__ = ["TASK"]


def encode(
    rows: Any,
    reader: Any,
    config: RunConfig,
    *,
    data: CheckedData,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> EncodedPairs:
    """Tokenise a split with columns example_id, source and target."""
    del data
    return encoded(rows, reader, config, on_progress)


def loss(model: Any, hidden: Hidden) -> Loss:
    """Cross-entropy of the tokens of the targets, a mean over these tokens."""
    return Loss(cross_entropy(likelihood(model, hidden)), hidden.count)


TASK = Task(
    name="translation",
    words=Words("texts", "tokens", "source"),
    configuration=Configuration(
        data=TranslationSection,
        objective=partial(objectives.read, "translation", ("supervised", "consistency")),
        generation=GenerationSection,
        defaults={"evaluation": {"unit": "word", "ratios": [0.0, 0.1, 0.2, 0.3, 0.5], "draws": 1}},
    ),
    metrics=(BLEU, CHRF, EXACT_MATCH, PERPLEXITY, BLEU_CHARACTERS),
    default_metrics=4,
    load=load_translation_data,
    reader=load_tokenizer,
    build=built,
    restore=restored,
    encode=encode,
    loss=loss,
    likelihood=likelihood,
    predict=predict,
    shown=shown,
    worded=worded,
    settings=decoding,
    interim=interim,
    check=check_run,
    describe=describe,
    sections=sections,
    same_reader=same_tokens,
    plain_fill=plain_fill,
    other_fill=other_fill,
    readable=readable_variants,
    evaluated=evaluated,
    modalities=SIDES,
    audited=rows_of_sources,
)

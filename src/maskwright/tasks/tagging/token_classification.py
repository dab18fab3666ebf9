"""Token classification: a sentence as words in, a tag for each word out: names, chunks, parts of speech."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright import fills, objectives
from maskwright.backend.codes import IGNORED
from maskwright.config import Configuration, RunConfig
from maskwright.data.tagging.schemes import OUTSIDE, Scheme, Tagging, check_seqeval
from maskwright.data.tagging.section import TaggingSection, load_tagging_data
from maskwright.errors import ConfigError
from maskwright.fills import traits
from maskwright.objectives.supervised import cross_entropy
from maskwright.tasks.classification import head_options
from maskwright.tasks.contract import Built, Task, Words
from maskwright.tasks.examples import Hidden, Loss
from maskwright.tasks.metrics.entity_f1 import ENTITY_F1
from maskwright.tasks.metrics.token_accuracy import TOKEN_ACCURACY
from maskwright.tasks.tagging.describing import described
from maskwright.tasks.tagging.report import sections
from maskwright.tasks.tagging.shown import shown, worded
from maskwright.tasks.tagging.truths import Truths
from maskwright.tasks.tagging.words import NO_WORD, load_word_tokenizer, tokenised_words
from maskwright.tasks.text import models
from maskwright.tasks.text.checks import check_text_run
from maskwright.tasks.text.encoded import ENTITY, LABELS, EncodedTexts, rows_of_ids
from maskwright.tasks.text.maskings import UNITS
from maskwright.units.vocabulary import Vocabulary

if TYPE_CHECKING:
    from maskwright.data.checked import CheckedData

__all__ = ["TASK"]

AUTO = "AutoModelForTokenClassification"

FIRST, LENGTH = "word_number", "n_words"
"""Labels beside the tags: of the first token of a word its number from 1, 0 elsewhere; the words of a sentence."""


def check(config: RunConfig) -> None:
    """Refuse what does not go with tags.

    Raises:
        ConfigError: naming the key; or seqeval is not installed.
    """
    check_seqeval()
    check_text_run(config, (*UNITS, ENTITY))
    if config.objective.views > 1 and config.masking is not None and traits(config.masking.fill).removes:
        raise ConfigError(
            "masking.fill: consistency compares the tags of two views word by word, and drop removes other words from "
            "each; use mask-token."
        )


def describe(config: RunConfig, data: CheckedData) -> tuple[str, ...]:
    """How long the sentences are, and what is cut off; ConfigError where the model cannot be had."""
    models.check_new_model(config, AUTO)
    return described(config, data)


def reader(config: RunConfig, data: CheckedData) -> Any:
    """The tokenizer; ConfigError where it cannot be had, or does not know words."""
    return load_word_tokenizer(config, data.train)


def build(config: RunConfig, data: CheckedData) -> Built:
    """A tagger and its tokenizer; ConfigError where they cannot be had."""
    return models.built(config, reader(config, data), AUTO, **head_options(data.labels))


def restore(folder: Path) -> Built:
    """The tagger of a run; RunError where it is missing or damaged."""
    return models.restored(folder, AUTO)


def encode(
    rows: Any,
    reader: Any,
    config: RunConfig,
    *,
    data: CheckedData,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> EncodedTexts:
    """Tokenise a split with columns example_id, tokens and tags; the first token of a word has its tag."""
    tokens = tokenised_words(rows["tokens"], reader, config.data.max_length, on_progress)
    right = Truths.of(rows, data.labels)
    labels = {
        LABELS: tokens.looked_up(right.tags, IGNORED, tokens.first),
        FIRST: tokens.looked_up(right.numbers(), 0, tokens.first),
        LENGTH: right.tags.lengths,
    }
    return EncodedTexts(
        inputs=tokens.inputs,
        example_ids=np.asarray(rows["example_id"][:], dtype=np.int64),
        labels=labels,
        right=right,
        vocabulary=Vocabulary.from_tokenizer(reader),
        weights=np.ones(len(right), dtype=np.float32),
        words=tokens.words,
        mentions=tokens.looked_up(right.mentions(), NO_WORD),
        notes=tokens.notes(config.data.max_length),
    )


def likelihood(model: Any, hidden: Hidden) -> objectives.Likelihood:
    """How probable the model finds the tags, of every token that has one."""
    logits, labels = model(**hidden.inputs).logits, hidden.labels[LABELS]
    tagged = labels != IGNORED
    return objectives.Likelihood(logits[tagged], labels[tagged], hidden.weight[:, None].expand(labels.shape)[tagged])


def loss(model: Any, hidden: Hidden) -> Loss:
    """Cross-entropy, a mean over the words of all sentences."""
    return Loss(cross_entropy(likelihood(model, hidden)), hidden.count)


def predict(model: Any, hidden: Hidden, settings: Any) -> list[Tagging]:
    """The most probable tag of every word; `O` of words that the model is not given."""
    del settings
    best = model(**hidden.inputs).logits.argmax(dim=-1).cpu().numpy()
    names = [model.config.id2label[number] for number in range(model.config.num_labels)]
    scheme, words = Scheme.of(names), hidden.labels[FIRST].cpu().numpy()
    answers = []
    for row, length in enumerate(hidden.labels[LENGTH].tolist()):
        tags = [OUTSIDE] * length
        for token in np.flatnonzero(words[row]):
            tags[words[row, token] - 1] = names[best[row, token]]
        answers.append(Tagging.of(tags, scheme))
    return answers


def other_fill(fill: Any, tokenizer: Any) -> Any:
    """Random tokens, which leave every word that has a tag; where that is the run's own fill, mask tokens."""
    random = fills.from_node(fill) == fills.from_node("random-token")
    return "mask-token" if random and tokenizer.mask_token_id is not None else "random-token"


TASK = Task(
    name="token-classification",
    words=Words("sentences", "tokens", "tokens"),
    configuration=Configuration(
        data=TaggingSection,
        objective=partial(objectives.read, "token-classification", ("supervised", "consistency")),
        defaults={"evaluation": {"unit": "word"}},
    ),
    metrics=(ENTITY_F1, TOKEN_ACCURACY),
    load=load_tagging_data,
    reader=reader,
    build=build,
    restore=restore,
    encode=encode,
    loss=loss,
    likelihood=likelihood,
    predict=predict,
    shown=shown,
    worded=worded,
    sections=sections,
    check=check,
    describe=describe,
    same_reader=models.same_tokens,
    plain_fill=models.plain_fill,
    other_fill=other_fill,
    audited=rows_of_ids,
)

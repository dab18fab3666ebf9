"""How translations are written: the `generation` section, and what a model is asked with it."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from maskwright.config import RunConfig
from maskwright.rng import EVALUATION_SEED
from maskwright.tasks.contract import Interim

__all__ = ["Decoding", "GenerationSection", "decoding", "interim", "written"]


class GenerationSection(BaseModel):
    """How translations are generated at evaluation, and by the saved model in use.

    Validation takes the likeliest token every time. With `sampling` off, the same model gives the same translation
    every time.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    beams: int = Field(default=4, ge=1, le=64, description="translations that are followed at a time; 1 is greedy")
    max_length: int | None = Field(
        default=None, ge=1, description="tokens written at most; default: data.max_target_length"
    )
    length_penalty: float = Field(
        default=1.0, ge=-10.0, le=10.0, description="power of the length that a beam's score is divided by"
    )
    no_repeat_ngram: int = Field(default=0, ge=0, le=32, description="tokens in a row that may not come twice; 0: any")
    sampling: bool = Field(default=False, description="draw tokens instead of taking the likeliest")
    temperature: float = Field(default=1.0, gt=0.0, le=100.0, description="of sampling; lower is less random")
    top_p: float = Field(default=1.0, gt=0.0, le=1.0, description="of sampling: from the likeliest tokens of this mass")
    validation_examples: int = Field(
        default=200, ge=1, description="validation examples that are translated, at most; the loss is that of all"
    )

    @model_validator(mode="after")
    def _sampling_is_on_where_it_is_set(self) -> GenerationSection:
        if not self.sampling and (self.temperature != 1.0 or self.top_p != 1.0):
            raise ValueError("temperature and top_p are of sampling; set generation.sampling: true, or leave them out")
        return self


@dataclass(frozen=True, eq=False)
class Decoding:
    """How one pass of `predict` writes.

    Attributes:
        tokenizer: turns ids into text.
        options: of a Transformers `GenerationConfig`, laid over that of the model.
    """

    tokenizer: Any
    options: Mapping[str, Any] = field(default_factory=dict)


def options_of(config: RunConfig) -> dict[str, Any]:
    """The section as Transformers names its keys."""
    section: GenerationSection = config.generation
    return {
        "num_beams": section.beams,
        "max_new_tokens": section.max_length or config.data.target_length,
        "max_length": None,
        "length_penalty": section.length_penalty if section.beams > 1 else None,
        "early_stopping": section.beams > 1,
        "no_repeat_ngram_size": section.no_repeat_ngram,
        "do_sample": section.sampling,
        "temperature": section.temperature if section.sampling else None,
        "top_p": section.top_p if section.sampling else None,
        "top_k": 0 if section.sampling else None,
    }


def decoding(config: RunConfig, tokenizer: Any) -> Decoding:
    """As the `generation` section says."""
    return Decoding(tokenizer, options_of(config))


def interim(config: RunConfig, tokenizer: Any) -> Interim:
    """While the model learns: the likeliest token every time, and a sample of the validation examples."""
    greedy = config.generation.model_copy(update={"beams": 1, "sampling": False})
    options = options_of(config.model_copy(update={"generation": greedy}))
    return Interim(Decoding(tokenizer, options), config.generation.validation_examples)


def written(model: Any, encoder_outputs: Any, attention_mask: Any, settings: Decoding) -> list[str]:
    """[B] translations.

    Args:
        model: an encoder-decoder of Transformers.
        encoder_outputs: what its encoder made of the sources.
        attention_mask: [B, S] of the sources.
        settings: of `decoding`.
    """
    import torch

    generation = copy.deepcopy(model.generation_config)
    generation.update(**settings.options)
    with torch.random.fork_rng(enabled=bool(settings.options.get("do_sample"))):
        if settings.options.get("do_sample"):
            torch.manual_seed(EVALUATION_SEED)
        ids = model.generate(
            encoder_outputs=encoder_outputs, attention_mask=attention_mask, generation_config=generation
        )
    texts = settings.tokenizer.batch_decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
    return [text.strip() for text in texts]

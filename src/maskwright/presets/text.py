"""Presets for text."""

from __future__ import annotations

from typing import Any

from maskwright.presets.preset import Preset

_TOKENS = {"token": 64}
_EMBEDDINGS = {"token": 32, "feature": 32}
BERT_FILL = {"mix": {"mask-token": 0.8, "random-token": 0.1, "keep": 0.1}}
_T5 = "Raffel et al. 2020, T5, arXiv:1910.10683"
_UL2 = "Tay et al. 2022, UL2, arXiv:2205.05131"
_CUTOFF = "Shen et al. 2020, Cutoff, arXiv:2009.13818"
_CUTOFF_SETTING = "ratio 0.1, as in the authors' command for SST-2; the hidden embeddings are zero"
_CUTOFF_NOTE = (
    "For arrays of embeddings [B, token, feature], before the positions are added. The paper adds a Jensen-Shannon "
    "loss between the views; the objective is consistency."
)


def _spans(length: float, ratio: float, **options: Any) -> dict[str, Any]:
    """T5's spans with sentinels."""
    return {"pattern": {"t5-spans": {"length": length, **options}}, "budget": {"ratio": ratio}, "fill": "sentinel"}


def _ul2(letter: str, length: int, ratio: float) -> Preset:
    return Preset(
        f"ul2-{letter}-{length}-{round(100 * ratio)}",
        _spans(length, ratio),
        _UL2,
        f"{letter.upper()}-denoiser: spans of mean length {length}, {ratio:.0%} of the tokens",
        _TOKENS,
        "denoise",
        "One of the seven denoisers; maskwright.text.denoising.ul2() is the mixture with its mode tokens.",
    )


PRESETS = (
    Preset(
        "automask",
        {"pattern": "iid", "budget": {"uniform": [0.0, 0.8]}, "fill": "mask-token", "unit": "type"},
        "ours",
        "every occurrence of a word at once, at a ratio from U(0, 0.8)",
        _TOKENS,
        "supervised",
        "The tuning-free default for fine-tuning on text. A uniform ratio prepares one model for every ratio, whole "
        "texts included; hiding by type leaves no copy of a shortcut that repeats. What it did on data: docs/log.md.",
    ),
    Preset(
        "bert",
        {"pattern": "iid", "budget": {"ratio": 0.15}, "fill": BERT_FILL, "unit": "token"},
        "Devlin et al. 2019, BERT, arXiv:1810.04805",
        "15 % of the tokens, at random; of these 80 % become the mask token, 10 % a random one, and 10 % stay",
        _TOKENS,
        "reconstruct",
    ),
    Preset(
        "bert-whole-word",
        {"pattern": "iid", "budget": {"ratio": 0.15}, "fill": BERT_FILL, "unit": "word"},
        "Cui et al. 2019, Whole Word Masking, arXiv:1906.08101; BERT's code, 2019",
        "all pieces of a word at once, 15 %",
        _TOKENS,
        "reconstruct",
        "15 % of the words here, of the tokens there. One draw of 80/10/10 for a word here, for each piece there.",
    ),
    Preset(
        "roberta",
        {"pattern": "iid", "budget": {"ratio": 0.15}, "fill": BERT_FILL, "unit": "token"},
        "Liu et al. 2019, RoBERTa, arXiv:1907.11692",
        "dynamic masking: BERT's 15 %, drawn anew every time a text is seen",
        _TOKENS,
        "reconstruct",
        "The same masking as bert: here masks change with every epoch in any case.",
    ),
    Preset(
        "wettig-40",
        {"pattern": "iid", "budget": {"ratio": 0.4}, "fill": "mask-token", "unit": "token"},
        "Wettig et al. 2023, Should You Mask 15%?, arXiv:2202.08005",
        "40 %, always the mask token",
        _TOKENS,
        "reconstruct",
        "For models of BERT-large's size; smaller ones want less.",
    ),
    Preset(
        "modernbert",
        {"pattern": "iid", "budget": {"ratio": 0.3}, "fill": BERT_FILL, "unit": "token"},
        "Warner et al. 2024, ModernBERT, arXiv:2412.13663",
        "30 % in training",
        _TOKENS,
        "reconstruct",
        "Their code fixes the probability of each token instead of the number; evaluation there is at 15 %.",
    ),
    Preset(
        "masking-rate-decay",
        {"pattern": "iid", "budget": {"schedule": [0.3, 0.15]}, "fill": BERT_FILL, "unit": "token"},
        "Ankner et al. 2024, Dynamic Masking Rate Schedules, arXiv:2305.15096",
        "from 30 % to 15 %, linearly over the training",
        _TOKENS,
        "reconstruct",
        "Needs the progress of the training: collator.attach(trainer) or set_progress. The fill is BERT's.",
    ),
    Preset(
        "electra",
        {
            "pattern": "iid",
            "budget": {"ratio": 0.15},
            "fill": {"mix": {"mask-token": 0.85, "keep": 0.15}},
            "unit": "token",
        },
        "Clark et al. 2020, ELECTRA, arXiv:2003.10555",
        "15 % (25 % for the large model); in the code 85 % of them become the mask token and the rest stay",
        _TOKENS,
        "reconstruct",
        "The generator's input. Its samples then replace the hidden tokens, and the discriminator's labels say which "
        "tokens differ from the original. The code draws positions with replacement, and so hides a little less.",
    ),
    Preset(
        "spanbert",
        {"pattern": "spanbert", "budget": {"ratio": 0.15}, "fill": {"by-run": {"fill": BERT_FILL}}, "unit": "word"},
        "Joshi et al. 2020, SpanBERT, arXiv:1907.10529",
        "geometric lengths, p = 0.2, at most 10 words, mean 3.8; 15 %; 80/10/10 for each span",
        _TOKENS,
        "reconstruct",
        "The first words are hidden less often, as published; pattern span, law geometric, is the flat one. Anchors "
        "and budget are in words here, in tokens there. The span boundary objective is not part of the masking.",
    ),
    Preset(
        "pmi",
        {"pattern": "iid", "budget": {"ratio": 0.15}, "fill": BERT_FILL, "unit": "word"},
        "Levine et al. 2021, PMI-Masking, arXiv:2010.01825",
        "15 %, collocations hidden whole",
        _TOKENS,
        "reconstruct",
        "Give the fact word_ids = NGramTable.word_ids(ids, vocabulary) (maskwright.units.ngrams); without it words are "
        "hidden and no more.",
    ),
    Preset(
        "t5",
        _spans(3, 0.15),
        _T5,
        "15 % of the tokens in spans of mean length 3, each replaced by a sentinel",
        _TOKENS,
        "denoise",
        "The first token is never hidden and the last always, as published; t5-rolled has no such bias.",
    ),
    Preset(
        "t5-rolled",
        _spans(3, 0.15, roll=True),
        f"{_T5}, turned by a random shift",
        "15 % of the tokens in spans of mean length 3, each replaced by a sentinel; every place equally likely",
        _TOKENS,
        "denoise",
    ),
    _ul2("r", 3, 0.15),
    _ul2("r", 8, 0.15),
    _ul2("x", 3, 0.5),
    _ul2("x", 8, 0.5),
    _ul2("x", 64, 0.15),
    _ul2("x", 64, 0.5),
    Preset(
        "ul2-s",
        _spans(1_000_000, 0.25),
        _UL2,
        "S-denoiser: the last quarter of the text follows from the rest",
        _TOKENS,
        "denoise",
        "A prefix language model. One of the seven denoisers of maskwright.text.denoising.ul2().",
    ),
    Preset(
        "bart-infilling",
        {
            "pattern": {"span": {"length": 3, "law": "poisson"}},
            "budget": {"ratio": 0.3},
            "fill": {"sentinel": "single"},
        },
        "Lewis et al. 2020, BART, arXiv:1910.13461",
        "30 % of the tokens in spans of Poisson length 3, each replaced by one mask token",
        _TOKENS,
        "denoise",
        "Spans of length 0, which insert a mask token there, are left out. The paper also permutes the sentences: "
        "DenoisingCollator(reorder='sentences').",
    ),
    Preset(
        "bart-deletion",
        {"pattern": "iid", "budget": {"ratio": 0.15}, "fill": "drop", "unit": "token"},
        "Lewis et al. 2020, BART, arXiv:1910.13461",
        "token deletion: random tokens are left out, and the model has to find where",
        _TOKENS,
        "denoise",
        "The ratio is ours; the paper gives none for deletion. Its final model uses bart-infilling.",
    ),
    Preset(
        "tsdae",
        {"pattern": "iid", "budget": {"ratio": 0.6}, "fill": "drop", "unit": "token"},
        "Wang et al. 2021, TSDAE, arXiv:2104.06979",
        "deletion of 60 % of the tokens",
        _TOKENS,
        "denoise",
        "The target is the whole text, from one vector.",
    ),
    Preset(
        "masked-thought",
        {"pattern": "iid", "budget": {"ratio": 0.4}, "fill": "mask-token", "unit": "token"},
        "Chen et al. 2024, Masked Thought, arXiv:2403.02178",
        "up to 40 % of the tokens of the answer in the input, labels unchanged (the authors' script for GSM8K)",
        _TOKENS,
        "supervised",
        "Give the fact valid = labels != -100, so that the question stays whole. In the script the ratio rises "
        "linearly to 40 % over the first 66 % of the training and stays. A causal model needs a mask token added.",
    ),
    Preset(
        "tiacbm",
        {
            "pattern": "by-score",
            "budget": {"schedule": {"start": 0.15, "end": 0.09, "shape": "cyclic", "cycles": 5}},
            "fill": "mask-token",
            "unit": "token",
        },
        "Jarca et al. 2025, Task-Informed Anti-Curriculum by Masking, arXiv:2502.12953",
        "the tokens that matter to the task, 15, 12 and 9 % in turn, five times (the authors' script for SST-2)",
        _TOKENS,
        "supervised",
        "Give the fact scores, how much each token matters (there, the strength of its sentiment in SentiWordNet), and "
        "the progress of the training. The ratio falls evenly within a cycle here, once an epoch there.",
    ),
    Preset(
        "cutoff-token",
        {"pattern": {"tied": {"pattern": "iid", "axis": "feature"}}, "budget": {"ratio": 0.1}, "fill": "zero"},
        _CUTOFF,
        _CUTOFF_SETTING,
        _EMBEDDINGS,
        "consistency",
        f"{_CUTOFF_NOTE} Whole tokens are hidden.",
    ),
    Preset(
        "cutoff-feature",
        {"pattern": {"tied": {"pattern": "iid", "axis": "token"}}, "budget": {"ratio": 0.1}, "fill": "zero"},
        _CUTOFF,
        _CUTOFF_SETTING,
        _EMBEDDINGS,
        "consistency",
        f"{_CUTOFF_NOTE} The same features of all tokens are hidden.",
    ),
    Preset(
        "cutoff-span",
        {
            "pattern": {"tied": {"pattern": {"span": {"length": 1_000_000}}, "axis": "feature"}},
            "budget": {"ratio": 0.1},
            "fill": "zero",
        },
        _CUTOFF,
        _CUTOFF_SETTING,
        _EMBEDDINGS,
        "consistency",
        f"{_CUTOFF_NOTE} One stretch of neighbouring tokens is hidden; here it may go around the end of the text, "
        "which makes every token equally likely.",
    ),
)

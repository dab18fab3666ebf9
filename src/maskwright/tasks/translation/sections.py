"""What the report of a translation shows besides: how scores were computed, and what BLEU is made of."""

from __future__ import annotations

from typing import Any

from maskwright.tasks.metrics.bleu import BLEU, NGRAMS, WORDS
from maskwright.tasks.metrics.bleu_characters import BLEU_CHARACTERS, CHARACTERS
from maskwright.tasks.metrics.chrf import CHRF

__all__ = ["sections", "signatures"]

TITLE = "Scores"


def sections(material: Any, asked: Any) -> list[dict[str, Any]]:
    """The sections of the evaluation document; see `maskwright.tasks.contract`."""
    measured = [metric.name for metric in material.task.chosen_metrics(material.config.evaluation.metrics)]
    rows = [[name, signature] for name, signature in signatures().items() if name in measured]
    tables = [{"title": "Signatures", "head": ["metric", "signature"], "rows": rows}]
    if BLEU.name in measured:
        tables.append(_parts_of_bleu(asked))
    text = "Signatures are those of sacreBLEU, by which scores can be compared with other people's."
    return [{"title": TITLE, "text": text, "tables": tables}]


def signatures() -> dict[str, str]:
    """Name of a metric -> how sacreBLEU says that it was computed.

    >>> signatures()["chrf"].split("|version")[0]
    'nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no'
    """
    from sacrebleu.metrics import bleu, chrf

    scorers = {
        BLEU.name: bleu.BLEU(tokenize=WORDS),
        BLEU_CHARACTERS.name: bleu.BLEU(tokenize=CHARACTERS),
        CHRF.name: chrf.CHRF(),
    }
    for scorer in scorers.values():
        scorer.corpus_score(["a"], [["a"]])  # a signature says how many references there were
    return {name: str(scorer.get_signature()) for name, scorer in scorers.items()}


def _parts_of_bleu(asked: Any) -> dict[str, Any]:
    """Precisions and lengths, on whole inputs and under every condition, first draw."""
    rows = []
    for who, one in asked.answers.items():
        for (pattern, ratio), scored in {("", 0.0): one.clean, **one.masked}.items():
            counts = scored.records[BLEU.statistic.name][0].sum(axis=0)
            right, total = counts[2 : 2 + NGRAMS], counts[2 + NGRAMS :]
            precisions = [
                f"{100 * part / whole:.1f}" if whole else "–" for part, whole in zip(right, total, strict=True)
            ]
            length = counts[0] / counts[1] if counts[1] else float("nan")
            condition = f"{pattern}, {ratio:.0%} hidden" if pattern else "whole input"
            rows.append([f"{who}, {condition}", *precisions, f"{length:.3f}"])
    head = ["", *(f"{order}-gram precision" for order in range(1, NGRAMS + 1)), "words written / words of references"]
    return {"title": f"What BLEU is made of (seed {asked.seed})", "head": head, "rows": rows}

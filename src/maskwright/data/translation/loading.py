r"""From the `data` section of a translation to checked pairs of texts.

>>> import json, tempfile
>>> folder = tempfile.mkdtemp()
>>> pairs = [{"translation": {"en": f"tool number {i}", "fr": f"outil {i}"}} for i in range(40)]
>>> _ = open(f"{folder}/a.jsonl", "w").write("".join(json.dumps(pair) + "\n" for pair in pairs))
>>> data = load_translation_data(TranslationSection(train=f"{folder}/a.jsonl"))
>>> len(data.train), len(data.validation), data.columns
(36, 4, {'source': 'translation.en', 'target': 'translation.fr'})
"""

from __future__ import annotations

from dataclasses import replace

from maskwright.data.checked import CheckedData
from maskwright.data.clusters import with_cluster
from maskwright.data.loading import Reading
from maskwright.data.stream_loading import load_stream_data
from maskwright.data.translation.checks import PairChecks
from maskwright.data.translation.columns import languages, with_columns, with_files
from maskwright.data.translation.section import ROLES, TranslationSection

__all__ = ["LANGUAGES", "load_translation_data"]

LANGUAGES = "languages"
"""Name of the fact that says what the languages of source and target seem to be called, by role."""


def load_translation_data(section: TranslationSection) -> CheckedData:
    """Read, check and part the data: splits with `example_id`, `source` and `target`.

    Raises:
        DataError: with all problems of all files.
    """
    reading = Reading(with_files(section), with_cluster(section, ROLES))
    # The rows of a stream are not at hand before they are read; the columns of the other splits are theirs too.
    at_hand = reading.section.model_copy(update={"train": None}) if section.stream else reading.section
    tables = Reading(at_hand, reading.roles).tables()
    named, guesses = with_columns(reading.section, tables)
    names = languages(named, {"source": named.source or "", "target": named.target or ""})
    checks = PairChecks((names["source"], names["target"]))
    if section.stream:
        data = load_stream_data(named, ROLES, checks=[checks])
    else:
        splits, notes = Reading(named, reading.roles).splits(tables, [checks])
        data = reading.assembled(splits, notes)
    facts = {**data.facts, LANGUAGES: languages(named, data.columns)}
    return replace(data, notes=(*guesses, *data.notes, *checks.notes), facts=facts)

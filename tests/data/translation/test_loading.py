"""Pairs of texts: every way in which they are stored, and everything that can be wrong with them."""

import json

import pytest

from maskwright.data.translation.direction import Letters, language_of, names_exchanged
from maskwright.data.translation.loading import load_translation_data
from maskwright.data.translation.section import TranslationSection
from maskwright.errors import DataError

WORDS = "server library file system network font editor game music picture kernel driver parser shell tool".split()
MOTS = "serveur bibliothèque fichier système réseau police éditeur jeu musique image noyau pilote analyseur".split()


def pairs(n, start=0):
    made = []
    for i in range(start, start + n):
        words = [WORDS[(i * k + k) % len(WORDS)] for k in range(1, 5)]
        mots = [MOTS[(i * k + k) % len(MOTS)] for k in range(1, 5)]
        made.append({"en": f"the {' of the '.join(words)} {i}", "fr": f"le {' de la '.join(mots)} {i}"})
    return made


def nested(path, rows):
    path.write_text("".join(json.dumps({"translation": row}, ensure_ascii=False) + "\n" for row in rows))
    return str(path)


def load(**section):
    return load_translation_data(TranslationSection(**section))


def texts(data, split="train"):
    return list(zip(getattr(data, split)["source"][:], getattr(data, split)["target"][:], strict=True))


def problems(**section):
    with pytest.raises(DataError) as error:
        load(**section)
    return "\n".join(map(str, error.value.problems))


@pytest.fixture
def train(tmp_path):
    return nested(tmp_path / "train.jsonl", pairs(60))


def test_nested_pairs_by_their_languages(train):
    data = load(train=train, source="fr", target="en", validation_share=0.2)
    assert data.columns == {"source": "translation.fr", "target": "translation.en"}
    assert data.train.column_names == ["example_id", "source", "target"]
    assert (len(data.train), len(data.validation), data.labels) == (48, 12, ())
    assert data.train["source"][0].startswith("le ")


def test_the_first_of_two_is_the_source_and_that_is_said(train):
    data = load(train=train)
    assert data.columns == {"source": "translation.en", "target": "translation.fr"}
    assert "data.source is not set; column 'translation.en' was taken, for its place before the other." in data.notes
    turned = load(train=train, source="fr")
    assert turned.columns["target"] == "translation.en"


def test_two_columns_of_a_table(tmp_path):
    rows = "".join(f"{i}\t{row['en']}\t{row['fr']}\n" for i, row in enumerate(pairs(30)))
    (tmp_path / "a.tsv").write_text("id\tsrc\ttgt\n" + rows)
    data = load(train=str(tmp_path / "a.tsv"))
    assert data.columns == {"source": "src", "target": "tgt"}
    assert "data.target is not set; column 'tgt' was taken, for its name." in data.notes
    (tmp_path / "b.tsv").write_text("id\ten\tfr\n" + rows)
    assert load(train=str(tmp_path / "b.tsv"), source="en", target="fr").columns == {"source": "en", "target": "fr"}
    said = problems(train=str(tmp_path / "b.tsv"))
    assert "the source column (data.source) could be any of 'en', 'fr'" in said
    assert "the header is 'id', 'en', 'fr'" in said


@pytest.mark.parametrize("how", ["mapping", "beginning"])
def test_two_files_line_by_line(how, tmp_path):
    rows = pairs(30)
    for language, ending in (("en", "\r\n"), ("fr", "\n")):
        (tmp_path / f"corpus.{language}").write_bytes("".join(row[language] + ending for row in rows).encode())
    files = [str(tmp_path / f"corpus.{language}") for language in ("en", "fr")]
    section = {
        "mapping": {"train": {"source": files[0], "target": files[1]}},
        "beginning": {"train": str(tmp_path / "corpus"), "source": "en", "target": "fr"},
    }[how]
    data = load(**section)
    assert sorted(texts(data) + texts(data, "validation")) == sorted((row["en"], row["fr"]) for row in rows)


def test_a_section_with_two_files_goes_through_yaml(tmp_path):
    section = TranslationSection.model_validate({"train": {"source": "a.en", "target": "a.fr"}})
    assert TranslationSection.model_validate(section.model_dump(mode="json")) == section


def test_files_of_unequal_length_are_refused(tmp_path):
    (tmp_path / "a.en").write_text("one\ntwo\n")
    (tmp_path / "a.fr").write_text("un\n")
    files = {"source": str(tmp_path / "a.en"), "target": str(tmp_path / "a.fr")}
    assert "the files have different numbers of lines: 2 in" in problems(train=files)
    missing = problems(train={**files, "target": str(tmp_path / "b.fr")})
    assert "there is no such file (data.train.target)" in missing


def test_hub_folders_are_read_by_split(tmp_path):
    nested(tmp_path / "train.jsonl", pairs(30))
    nested(tmp_path / "test.jsonl", pairs(8, start=900))
    data = load(dataset=str(tmp_path), train="train", test="test", source="en", target="fr")
    assert len(data.test) == 8


def test_an_unknown_column_is_named_with_those_there_are(train):
    assert "there is no column 'de' (data.target)" in problems(train=train, source="en", target="de")
    said = problems(train=train, source="en", target="translation.de")
    assert "the values of column 'translation' have no key 'de' (data.target); they are 'en', 'fr'" in said
    assert "are the same column" in problems(train=train, source="en", target="en")


def test_sides_that_are_empty_or_no_text(tmp_path):
    rows = [*pairs(20), {"en": "", "fr": "vide"}, {"en": "blank", "fr": "  "}, {"en": "missing"}, {"en": 3, "fr": "x"}]
    said = problems(train=nested(tmp_path / "a.jsonl", rows), source="en", target="fr")
    assert "row 21, column 'translation.en': the text is empty. Fill it in or remove the row." in said
    assert "row 22, column 'translation.fr': the text is only blanks: '  '" in said
    assert "row 23, column 'translation.fr': the text is empty" in said
    assert "row 24, column 'translation.en': expected text, found int 3" in said


def test_targets_that_are_copies(tmp_path):
    rows = pairs(40)
    few = [*rows[:38], *({"en": row["en"], "fr": row["en"].upper()} for row in rows[38:])]
    notes = load(train=nested(tmp_path / "few.jsonl", few), source="en", target="fr").notes
    assert "train: 2 of 40 targets (5.0%) are copies of their source (rows 39, 40)." in notes
    most = [{"en": row["en"], "fr": row["en"]} for row in rows[:25]] + rows[25:]
    said = problems(train=nested(tmp_path / "most.jsonl", most), source="en", target="fr")
    assert (
        "25 of 40 targets (62%) are copies of their source. Name the column of the translations (data.target)" in said
    )


def test_lengths_that_do_not_go_together(tmp_path):
    rows = [*pairs(40), {"en": "short", "fr": "le serveur de la bibliothèque " * 9}]
    notes = load(train=nested(tmp_path / "a.jsonl", rows), source="en", target="fr").notes
    far = "more than 4 times as long, or as short, as targets of such sources usually are"
    assert f"train: 1 pair has a target {far} (row 41)." in notes


def test_a_split_that_is_turned_round_looks_swapped(train, tmp_path):
    turned = [{"en": row["fr"], "fr": row["en"]} for row in pairs(30, start=500)]
    said = problems(train=train, validation=nested(tmp_path / "v.jsonl", turned), source="en", target="fr")
    assert "v.jsonl: looks swapped: in 30 of 30 rows the source reads like the targets of train" in said
    assert "Exchange its two sides, or name another file." in said


def test_columns_named_after_each_other_s_language_look_swapped(tmp_path):
    turned = [{"en": row["fr"], "fr": row["en"]} for row in pairs(60)]
    said = problems(train=nested(tmp_path / "a.jsonl", turned), source="en", target="fr")
    assert "looks swapped: the source, called 'en', has" in said
    assert "common words of fr and 0 of en; the target, called 'fr'," in said
    # Nothing is wrong with French as source under the name of French.
    load(train=nested(tmp_path / "b.jsonl", pairs(60)), source="fr", target="en")


def test_single_rows_that_look_swapped_are_named(tmp_path):
    rows = pairs(400)
    rows[16] = {"en": rows[16]["fr"], "fr": rows[16]["en"]}
    notes = load(train=nested(tmp_path / "a.jsonl", rows), source="en", target="fr").notes
    assert "train: 1 row looks swapped (row 17)." in notes


def test_two_sides_of_one_language_are_no_sign_of_anything(tmp_path):
    rows = [{"source": one["en"], "target": two["en"]} for one, two in zip(pairs(200), pairs(200, 400), strict=True)]
    data = load(
        train=nested(tmp_path / "a.jsonl", rows[:150]),
        validation=nested(tmp_path / "b.jsonl", rows[150:]),
        source="source",
        target="target",
    )
    assert not any("swapped" in note for note in data.notes)


def test_the_same_source_in_two_splits_is_refused_or_dropped(train, tmp_path):
    again = [*pairs(10, start=500), {"en": pairs(1)[0]["en"].upper(), "fr": "une autre traduction"}]
    test = nested(tmp_path / "test.jsonl", again)
    said = problems(train=train, test=test, source="en", target="fr")
    assert "train.jsonl, row 1, column 'translation.en'" in said
    assert "is also in test" in said
    data = load(train=train, test=test, source="en", target="fr", duplicates="drop")
    assert "1 rows of train are left out: they are also in validation or test (data.duplicates)." in data.notes
    assert 0 not in data.train["example_id"][:]


def test_sources_that_repeat_in_train_are_counted(tmp_path):
    rows = [*pairs(30), *pairs(2)]
    notes = load(train=nested(tmp_path / "a.jsonl", rows), source="en", target="fr").notes
    assert "2 rows of train repeat the source of an earlier one." in notes


def test_variants_stand_in_for_the_source(tmp_path, train):
    rows = [{"translation": row, "typed": row["en"].replace("e", "3")} for row in pairs(9, start=700)]
    test = tmp_path / "test.jsonl"
    test.write_text("".join(json.dumps(row) + "\n" for row in rows))
    data = load(train=train, test=str(test), source="en", target="fr", variants={"typos": "typed"})
    assert data.variants == ("typos",)
    assert data.variant("typos")["source"][0].startswith("th3 ")
    assert data.variant("typos")["target"][:] == data.test["target"][:]


def test_the_fingerprint_is_of_what_is_read(train, tmp_path):
    one = load(train=train, source="en", target="fr").fingerprint
    assert load(train=train, source="en", target="fr").fingerprint == one
    assert load(train=train, source="fr", target="en").fingerprint != one


def test_evidence_of_the_direction():
    letters = Letters.of([([row["en"] for row in pairs(200)], [row["fr"] for row in pairs(200)])])
    evidence = letters.evidence([pairs(1, 900)[0]["en"], "x"], [pairs(1, 900)[0]["fr"], "x"])
    assert evidence[0] > 20
    assert evidence[1] == 0
    assert (letters.evidence(["", "le jeu de la musique"], ["", "the game of the music"]) <= 0).all()


def test_languages_of_columns():
    assert [language_of(name) for name in ("translation.de", "EN", "pt_BR", "text", "translation")] == [
        "de",
        "en",
        "pt",
        None,
        None,
    ]
    assert names_exchanged(("en", ["le la les des"] * 9), ("text", ["the"] * 9)) is None

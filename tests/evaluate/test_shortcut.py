"""A shortcut that is removed in three ways is judged by the weakest of them."""

from maskwright.data.shortcut.section import VARIANTS
from maskwright.evaluate.run import evaluate
from maskwright.evaluate.verdict import headline_variants, variants_of


def test_three_ways_are_measured_and_the_verdict_says_so(trained):
    run = trained("shortcut", variants={"swapped": "text_swapped"}, shortcut=["tag0", "tag1", "tag2"])
    document = evaluate([run]).document
    assert [row["variant"] for row in variants_of(document)] == ["swapped", *VARIANTS]
    assert headline_variants(document["data"]["variants"]) == list(VARIANTS)
    assert sum(f"on the variant “{name}”" in document["verdict"]["sentence"] for name in VARIANTS) == 1
    assert any("removed in 3 ways" in line for line in document["verdict"]["details"])
    assert any("the shortcut (data.shortcut) is in 30 of 30 rows" in note for note in document["data"]["notes"])

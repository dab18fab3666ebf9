"""What is read of a sentence: its words, and a tag for each."""

from __future__ import annotations

from maskwright.data.roles import Role

__all__ = ["ROLES", "TAGS", "TOKENS"]

TOKENS = Role("tokens", "sequence", ("words", "token", "word"), elements="text")

TAGS = Role(
    "tags",
    "sequence",
    ("ner_tags", "ner", "tag", "labels", "label", "entities"),
    is_content=False,
    partner="tokens",
    elements="class",
)

ROLES = (TOKENS, TAGS)

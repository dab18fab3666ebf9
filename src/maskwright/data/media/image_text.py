"""Pictures with a text and a class each, from tables."""

from __future__ import annotations

import hashlib

from pydantic import Field, field_validator

from maskwright.data.checked import CheckedData
from maskwright.data.checks import check_texts
from maskwright.data.findings import Findings
from maskwright.data.keys import text_key
from maskwright.data.media.images import look_at_picture
from maskwright.data.media.inspection import Progress
from maskwright.data.media.visual import Medium, load_visual_data, silent
from maskwright.data.roles import IMAGE, LABEL, TEXT
from maskwright.data.sections import PathsSection
from maskwright.data.splits import Split


class ImageTextSection(PathsSection):
    """Pictures with a text and a label each.

    `train`, `validation` and `test` are tables (CSV, TSV, JSONL, Parquet) with columns of paths, taken from the table's
    folder unless `root` is set, of texts, and of labels. There are no variants.
    """

    image: str | None = Field(default=None, description="column of paths; guessed if left out")
    text: str | None = Field(default=None, description="column; guessed if left out")
    label: str | None = Field(default=None, description="column; guessed if left out")
    max_length: int = Field(default=64, ge=4, description="tokens; longer texts are cut at the end, and counted")

    @field_validator("variants")
    @classmethod
    def _no_variants(cls, variants: dict[str, str]) -> dict[str, str]:
        if variants:
            raise ValueError("a column cannot say whether it varies the picture or the text; remove data.variants")
        return variants


def load_image_text_data(section: ImageTextSection, *, on_progress: Progress = silent) -> CheckedData:
    """Read, check and part the data; every picture is decoded once. The same picture with another text is another row.

    Args:
        section: where the tables are.
        on_progress: called with pictures done and pictures in all.

    Returns:
        Splits with columns `example_id`, `image` (for `maskwright.data.media.images.open_picture`), `text` and `label`;
        `facts["sizes"]` has (row, col) of each row's picture, as [N, 2] for each split.

    Raises:
        DataError: with all problems of all tables.
    """
    medium = Medium(
        role="image",
        noun="picture",
        look=look_at_picture,
        roles=(IMAGE, TEXT, LABEL),
        content="pair of picture and text",
        contents="pairs of picture and text",
        check=_check,
        key=_key,
    )
    return load_visual_data(section, medium, labelled=True, on_progress=on_progress)


def _check(split: Split, findings: Findings) -> None:
    check_texts(split, ["text"], findings, in_variants=False)


def _key(split: Split, index: int, pixels: bytes) -> bytes:
    return hashlib.sha256(pixels + text_key(split.values("text")[index])).digest()

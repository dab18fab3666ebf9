"""What a task reads: its columns as values, each with a kind, names to find it by, and what its values look like."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "class", "number", "sequence", "path", "binary", "others", "group", "any"]
"""What a column holds:

- `text`: text, neither empty nor blank. In the data set: text.
- `class`: one of a few names or numbers. An index into `CheckedData.labels`, int64; at most one role of a task.
- `number`: a finite number. float64.
- `sequence`: a list of texts or of numbers, not empty. A list.
- `path`: the path of a file, taken from `data.root` or the table's folder. The path from where the program runs.
- `binary`: bytes, not empty.
- `others`: every column that nothing else takes, or those that `data.<role>` lists. Columns `<role>:<column>`, float64
  where all values are numbers, else text; a missing value is null.
- `group`: what rows that belong together have in common, of the role `cluster` alone. Text.
- `any`: values that the task checks itself, as they are; a column with values of several kinds as their JSON texts.
"""

Looks = Callable[[Sequence[object]], bool]
"""Whether the values of a column look like those of a role; missing and empty ones are left out."""

CONTENT = {"text", "sequence", "path", "binary", "others"}
"""Kinds of which two rows with the same values are the same example."""


@dataclass(frozen=True)
class Role:
    """One thing that a task reads of each row.

    Attributes:
        name: what the task calls it; `data.<name>` names its column, unless it is guessed.
        kind: what it holds.
        names: what people call its column, in lower case with `_` between words; `name` itself always counts.
        required: whether there has to be a column of it.
        looks: whether values look like this role's; None goes by the kind.
        is_content: whether rows that agree in it (and in all other content) are the same example; None goes by the
            kind: classes, numbers and groups are answers and not content.
        partner: another role that this one comes with. Two texts are guessed together, by `pairs`; a sequence has to be
            as long as its partner's.
        pairs: names of the two columns, partner's first.
        elements: what a sequence holds. The names of `class` are gathered in `facts["names"][name]`.
        is_guessed: whether a column may be taken that the configuration does not name.

    >>> Role("target", "number", names=("price", "score"))
    Role(name='target', kind='number', names=('price', 'score'))
    """

    name: str
    kind: Kind
    names: tuple[str, ...] = ()
    required: bool = True
    looks: Looks | None = None
    is_content: bool | None = None
    partner: str | None = None
    pairs: tuple[tuple[str, str], ...] = ()
    elements: Literal["any", "text", "number", "class"] = "any"
    is_guessed: bool = True

    def __repr__(self) -> str:
        names = f", names={self.names!r}" if self.names else ""
        return f"Role(name={self.name!r}, kind={self.kind!r}{names})"

    @property
    def identifies(self) -> bool:
        """Whether it is part of what makes two rows the same example."""
        return self.kind in CONTENT if self.is_content is None else self.is_content

    def fits(self, values: Sequence[object]) -> bool:
        """Whether values look like this role's."""
        return (self.looks or LOOKS[self.kind])(values)


def varied_role(roles: Sequence[Role]) -> str:
    """The role whose values variants replace: the first of the content; "" where the content is several columns."""
    return next((role.name for role in roles if role.identifies and role.kind != "others"), "")


def class_role(roles: Sequence[Role]) -> str | None:
    """The role of the class; None in tasks without one."""
    return next((role.name for role in roles if role.kind == "class"), None)


def looks_like_text(values: Sequence[object]) -> bool:
    """Texts of four words or more on average."""
    words = [len(value.split()) for value in values if isinstance(value, str)]
    return bool(words) and len(words) == len(values) and sum(words) >= 4 * len(words)


def looks_like_class(values: Sequence[object]) -> bool:
    """Short texts or whole numbers, at least two and far fewer than rows."""
    if not values or not all(isinstance(value, str | int) for value in values):
        return False
    short = all(len(str(value)) <= 40 for value in values)
    return short and 2 <= len(set(map(str, values))) <= max(2, min(200, len(values) // 3))


def looks_like_number(values: Sequence[object]) -> bool:
    """Numbers, or texts that are numbers."""
    return bool(values) and all(
        isinstance(value, int | float) and not isinstance(value, bool)
        if not isinstance(value, str)
        else _NUMBER.fullmatch(value.strip()) is not None
        for value in values
    )


def looks_like_sequence(values: Sequence[object]) -> bool:
    """Lists."""
    return bool(values) and all(isinstance(value, list) for value in values)


def looks_like_picture(values: Sequence[object]) -> bool:
    """Paths that end as pictures do, or elements of arrays."""
    return bool(values) and all(isinstance(value, str) and _PICTURE.search(value) for value in values)


def looks_like_folder(values: Sequence[object]) -> bool:
    """Paths of folders, or elements of arrays."""
    return bool(values) and all(isinstance(value, str) and ("/" in value or ".npz#" in value) for value in values)


def looks_like_bytes(values: Sequence[object]) -> bool:
    """Bytes."""
    return bool(values) and all(isinstance(value, bytes) for value in values)


_PICTURE = re.compile(r"\.(png|jpe?g|bmp|gif|tiff?|webp|npz#.+)$", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)

LOOKS: dict[str, Looks] = {
    "text": looks_like_text,
    "class": looks_like_class,
    "number": looks_like_number,
    "sequence": looks_like_sequence,
    "path": looks_like_folder,
    "binary": looks_like_bytes,
    "group": looks_like_class,
}

TEXT = Role(
    "text",
    "text",
    tuple(
        "text sentence content review question comment tweet document body message utterance post headline title "
        "abstract description query input prompt docstring caption".split()
    ),
)
TEXT_PAIR = Role(
    "text_pair",
    "text",
    required=False,
    partner="text",
    pairs=(
        ("text", "text_pair"),
        ("text", "text2"),
        ("text1", "text2"),
        ("text_a", "text_b"),
        ("sentence1", "sentence2"),
        ("sentence_a", "sentence_b"),
        ("question1", "question2"),
        ("premise", "hypothesis"),
        ("query", "passage"),
        ("query", "document"),
        ("question", "sentence"),
        ("question", "context"),
    ),
)
LABEL = Role(
    "label",
    "class",
    tuple(
        "label labels class classes category sentiment target topic intent emotion tag rating stars y gold "
        "gold_label".split()
    ),
)
IMAGE = Role(
    "image",
    "path",
    tuple(
        "image images img picture pictures photo file file_name filename path filepath file_path image_path img_path "
        "image_file image_name image_filename".split()
    ),
    looks=looks_like_picture,
)
CLIP = Role(
    "clip",
    "path",
    tuple("clip clips video videos folder frames path clip_path video_path clip_folder video_folder".split()),
)
CLUSTER = Role("cluster", "group", required=False, is_guessed=False)

TEXT_ROLES = (TEXT, TEXT_PAIR, LABEL)
"""A text or two, and a class."""

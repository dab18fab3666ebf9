"""What the `data` sections of all tasks on tables have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field, create_model

from maskwright.config import DataSection
from maskwright.data.roles import Role


class ClusteredSection(DataSection):
    """Rows that may belong together."""

    cluster: str | None = Field(
        default=None,
        description="column of what rows that belong together have in common (a patient, a source); they are set aside "
        "together",
    )

    @property
    def cluster_column(self) -> str | None:
        """The key `cluster`."""
        return self.cluster


class PathsSection(ClusteredSection):
    """Files that name other files, such as pictures."""

    root: str | None = Field(default=None, description="folder that paths are taken from; default: the file's own")

    @property
    def paths_from(self) -> str | None:
        """The key `root`."""
        return self.root


class TableSection(ClusteredSection):
    """Tables with a column for each role of a task.

    `train`, `validation` and `test` are files (CSV, TSV, JSONL, Parquet, CoNLL, text), or names of splits when
    `dataset` names a hub data set or a local folder of one. Parallel texts may be two files with a sentence a line:
    `train: {source: train.en, target: train.fr}`. With `stream: true`, `train` may also be a list of files, a
    pattern with `*`, or an address such as `s3://bucket/part-*.jsonl.gz`, and is read while the model learns.
    """

    train: str | dict[str, str] | list[str] = Field(  # pyright: ignore[reportIncompatibleVariableOverride]
        default="train", description="file or split; a stream's files; or a file for each of two roles"
    )
    validation: str | dict[str, str] | None = Field(  # pyright: ignore[reportIncompatibleVariableOverride]
        default=None, description="the same; default: set aside from train"
    )
    test: str | dict[str, str] | None = Field(  # pyright: ignore[reportIncompatibleVariableOverride]
        default=None, description="the same; default: the validation rows"
    )
    dataset: str | None = Field(
        default=None, description="hub data set, or local folder of one; train, validation and test are then its splits"
    )
    stream: bool = Field(default=False, description="read train while the model learns; for corpora beyond the memory")
    buffer: int = Field(default=10_000, ge=1, description="rows of a stream that are shuffled among each other")
    skip_damaged: bool = Field(default=False, description="leave damaged rows of a stream out, and count them")

    @property
    def hub_name(self) -> str | None:
        """The key `dataset`."""
        return self.dataset

    @property
    def is_stream(self) -> bool:
        """The key `stream`."""
        return self.stream


def section_of(name: str, roles: Sequence[Role], base: type[DataSection] = TableSection) -> type[Any]:
    """A `data` section with a key for each role, which names its column.

    Args:
        name: of the class, such as "RatingSection".
        roles: what the task reads.
        base: what the section has besides.

    >>> section = section_of("RatingSection", [Role("text", "text"), Role("target", "number")])
    >>> section(train="a.csv", target="stars").target
    'stars'
    """
    fields: dict[str, Any] = {
        role.name: (_kind(role), Field(default=None, description=_description(role))) for role in roles
    }
    return create_model(name, __base__=base, **fields)


def _kind(role: Role) -> Any:
    return list[str] | None if role.kind == "others" else str | int | None


def _description(role: Role) -> str:
    if role.kind == "others":
        return "columns; all that nothing else takes if left out"
    return f"column of the {role.name}, by its name or its number; guessed if left out"

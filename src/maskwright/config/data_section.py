"""Where the examples are: the keys of `data` that all tasks share, and what else a section may say of its source."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["DataSection", "Node"]


class Node(BaseModel):
    """A section of the configuration, whose keys are its fields and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class DataSection(Node):
    """Where the examples are: what the `data` sections of all tasks have in common.

    Without `validation`, `validation_share` of the training rows is set aside, the same rows every time. Without
    `test`, evaluation uses the validation rows. Each task says in a subclass which columns or folders it reads.
    """

    train: str = Field(default="train", description="file, folder or split")
    validation: str | None = Field(default=None, description="the same; default: set aside from train")
    test: str | None = Field(default=None, description="the same; default: the validation rows")
    variants: dict[str, str] = Field(
        default_factory=dict, description="name of a group: column of the test file with the example in that variant"
    )
    validation_share: float = Field(
        default=0.1, gt=0.0, lt=0.5, description="of the training rows, where no validation is given"
    )
    duplicates: Literal["refuse", "drop"] = Field(
        default="refuse",
        description="rows with the same content in two splits; drop leaves them out of training and counts them",
    )

    @property
    def cluster_column(self) -> str | None:
        """Column of what rows that belong together have in common; sections with the key `cluster` have one."""
        return None

    @property
    def hub_name(self) -> str | None:
        """Data set whose splits `train`, `validation` and `test` are; sections with the key `dataset` have one."""
        return None

    @property
    def is_stream(self) -> bool:
        """Whether `train` is read while the model learns; sections with the key `stream` can be."""
        return False

    @property
    def paths_from(self) -> str | None:
        """Folder that paths are taken from, None for the file's own; sections with the key `root` have one."""
        return None

"""Other documents of a packed row are not seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from maskwright.backend.arrays import Array


@dataclass(frozen=True)
class SameDocument:
    """Hide every other document of the same packed row; needs the fact `documents`.

    Encoders that are given packed rows without it mix the documents (restarting `position_ids` do not help): see
    `maskwright.text.leak.document_leak`. Source: Krell et al. 2021 (arXiv:2107.02027).

    >>> from maskwright.text.attention import AttentionMask
    >>> import numpy as np
    >>> documents = np.array([[0, 0, 1]])
    >>> AttentionMask(["same-document"]).hidden(np.ones((1, 3), dtype=bool), documents=documents)[0, 0].astype(int)
    array([[0, 0, 1],
           [0, 0, 1],
           [1, 1, 0]])
    """

    needs: ClassVar[tuple[str, ...]] = ("documents",)

    def hides(self, b: Array, h: Array, q: Array, k: Array, facts: Any) -> Array:
        """See `maskwright.text.attention`."""
        del h
        return facts.documents[b, q] != facts.documents[b, k]

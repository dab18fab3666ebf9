"""The names that libraries go by in prose, the words they are in, and texts without them or with another's."""

from __future__ import annotations

import re

ALIASES = {
    "numpy": r"numpy|(?-i:\bnp\b)",
    "scipy": r"scipy",
    "sklearn": r"scikits?[\s_-]*learn|scikits?|sklearn",
    "pandas": r"pandas|(?-i:\bpd\b)",
    "torch": r"pytorch|torch",
    "transformers": r"hugging[\s_-]*face|transformers",
}
"""Library -> its names, wherever they stand (numpy.linalg, from_numpy, NumPyArray); PD is partial dependence."""

_EVERY = re.compile("|".join(ALIASES.values()), re.IGNORECASE)

_NAMING = re.compile(rf"\w*(?:{_EVERY.pattern})\w*", re.IGNORECASE)

# With the name goes what ties it to its neighbours, so that no `.linalg` or `is__available` stays behind.
_TIED = re.compile(rf"(?:{_EVERY.pattern})(?:[._:/-](?=\w)|:)?", re.IGNORECASE)


def mentions(text: str, library: str) -> bool:
    """Whether a text says a library's name.

    >>> mentions("Convert to a NumPy array.", "numpy"), mentions("An np.ndarray", "torch")
    (True, False)
    """
    return re.search(ALIASES[library], text, re.IGNORECASE) is not None


def naming_words(text: str) -> list[str]:
    """The words of a text that have a library's name in them, whole.

    >>> naming_words("numpy: Like torch.from_numpy, for np.ndarray, by Hugging Face.")
    ['numpy', 'torch', 'from_numpy', 'np', 'Hugging Face']
    """
    return list(dict.fromkeys(_NAMING.findall(text)))


def remove_names(text: str) -> str:
    """Take every library's name out.

    >>> remove_names("numpy: Like torch.from_numpy, for np.ndarray.")
    'Like from_, for ndarray.'
    """
    # Taking a name out of the middle of a word may join its ends into another name.
    while _EVERY.search(text):
        text = _TIED.sub("", text)
    return re.sub(r"\s+([.,;:)])", r"\1", " ".join(text.split())).lstrip(" ,;:.-")


def swap_names(text: str, library: str) -> str:
    """Write one library's name in the place of every other's.

    >>> swap_names("numpy: Like torch.from_numpy, for np.ndarray.", "pandas")
    'pandas: Like pandas.from_pandas, for pandas.ndarray.'
    """
    return _EVERY.sub(library, text)

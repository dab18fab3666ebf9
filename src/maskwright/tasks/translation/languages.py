"""The languages of tokenizers that know several: which one is the source's, and which the target's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from maskwright.config import RunConfig
from maskwright.errors import ConfigError, did_you_mean

__all__ = ["direction_note", "set_languages"]


def set_languages(tokenizer: Any, config: RunConfig, names: Mapping[str, str]) -> None:
    """Set the two languages of a tokenizer that has several; it is saved with them.

    Args:
        tokenizer: others than of mBART, M2M, NLLB and the like are left as they are.
        config: of the run, which may name the languages.
        names: role -> what the data calls its language, which stands in for them: `en` for `en_XX`.

    Raises:
        ConfigError: it does not know such a language, with those that it knows.
    """
    chosen = {"source": config.data.source_language, "target": config.data.target_language}
    codes = _codes(tokenizer)
    if not codes:
        named = [f"data.{side}_language" for side, language in chosen.items() if language is not None]
        if named:
            raise ConfigError(
                f"{named[0]}: the tokenizer of '{config.model}' has no languages to choose; leave it out."
            )
        return
    for side, attribute in (("source", "src_lang"), ("target", "tgt_lang")):
        name = chosen[side] or names[side]
        code = _code(name, codes)
        if code is None:
            hint = did_you_mean(name, codes)
            raise ConfigError(
                f"data.{side}_language: the tokenizer of '{config.model}' knows no language {name!r}. {hint}"
            )
        setattr(tokenizer, attribute, code)
        tokenizer.init_kwargs[attribute] = code  # what is saved with the tokenizer


def direction_note(tokenizer: Any, names: Mapping[str, str]) -> tuple[str, ...]:
    """Say where the data goes the other way than a tokenizer of one direction."""
    one, other = (getattr(tokenizer, name, None) for name in ("source_lang", "target_lang"))
    source, target = names["source"], names["target"]
    if one is None or other is None or one == other or (source, target) != (other, one):
        return ()
    return (
        f"looks swapped: the model translates from {one!r} to {other!r}, and the data from {source!r} to {target!r} "
        "(data.source, data.target).",
    )


def _codes(tokenizer: Any) -> tuple[str, ...]:
    """The languages of a tokenizer that asks for two of them."""
    if not hasattr(tokenizer, "src_lang") or not hasattr(tokenizer, "tgt_lang"):
        return ()
    table = getattr(tokenizer, "lang_code_to_id", None)
    if table:
        return tuple(table)
    named = set(tokenizer.special_tokens_map.values()) if tokenizer.special_tokens_map else set()
    return tuple(token for token in tokenizer.all_special_tokens if token not in named)


def _code(name: str, codes: tuple[str, ...]) -> str | None:
    """A language by its code, or by the part of the code before its region."""
    if name in codes:
        return name
    alike = [code for code in codes if code.partition("_")[0].casefold() == name.casefold()]
    return alike[0] if len(alike) == 1 else None

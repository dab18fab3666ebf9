"""Subjects from anything that can be imported: a collator, its class, or a function on arrays."""

from __future__ import annotations

import copy
import functools
import importlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from maskwright.errors import ConfigError, did_you_mean
from maskwright.testing import Subject, array_subject, collator_subject
from maskwright.testing.arrays import ArrayFunction
from maskwright.testing.finding import SubjectError
from maskwright.testing.loading import seeded, set_epoch
from maskwright.testing.synthetic import synthetic_tokenizer, token_examples

TOKENIZER_NAMES = ("tokenizer", "processing_class")


def foreign_subject(
    target: str,
    settings: Mapping[str, Any] | None = None,
    *,
    examples: Sequence[Mapping[str, Any]] | None = None,
    tokenizer: Any = None,
    ratio: float | None = None,
) -> Subject:
    """A subject from `package.module:name`.

    What the name stands for is one of

    - a collator: called with a list of mappings with `input_ids` and `attention_mask`, it returns a mapping with
      `input_ids` and, if they are per token, `labels` that are -100 where nothing is hidden; or the pair of them;
    - a function of an array [B, L]: it returns a mask (bool, True = hidden) or the array with some values replaced;
    - a class of either, built with `settings` and, where it takes one, with the tokenizer.

    Raises:
        ConfigError: it cannot be imported, built or called; what it returns cannot be read as masks.
    """
    code, settings = load(target), dict(settings or {})
    if examples is not None and not examples:
        raise ConfigError("the data hold no examples to mask.")
    _refuse_patterns(target, code)
    tokenizer = synthetic_tokenizer() if tokenizer is None else tokenizer
    build = _builder(target, code, settings, tokenizer)
    first = build()
    if not callable(first):
        raise ConfigError(f"{target}: an object of {type(first).__name__}, which cannot be called.")
    few = list(examples[:2]) if examples is not None else token_examples([16, 16])
    takes, complaint = _takes(build, few)
    asked: dict[str, Any] = {} if ratio is None else {"ratio": ratio}
    if takes == "examples":
        subject = collator_subject(first, examples, tokenizer=tokenizer, **asked)
        return _made_by(subject, build)
    if takes == "arrays":
        return _made_by(array_subject(first, **asked), lambda: ArrayFunction(build()))
    raise ConfigError(f"{target}: {complaint}")


def load(target: str) -> Any:
    """Import `package.module:name`.

    Raises:
        ConfigError: no such module, no such name, or the import fails.
    """
    module, _, name = target.partition(":")
    if module.endswith(".py"):
        said = f"{module.removesuffix('.py').strip('./').replace('/', '.')}:{name or 'name'}"
        raise ConfigError(f"'{target}': expected module:name, without .py: {said}.")
    if not module or not name:
        raise ConfigError(f"'{target}': expected package.module:name, such as my_code.masks:collate.")
    try:
        code: Any = importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"{target}: there is no module '{error.name}'. Install it, or run the command where it lies."
        ) from None
    except (Exception, SystemExit) as error:
        raise ConfigError(f"{target}: importing {module} raised {type(error).__name__}: {error}") from error
    for part in name.split("."):
        if not hasattr(code, part):
            public = [own for own in dir(code) if not own.startswith("_")]
            near = did_you_mean(part, public) if len(public) < 40 else did_you_mean(part, public).partition("Known:")[0]
            raise ConfigError(f"{target}: there is no '{part}' in {module}. {near}".strip())
        code = getattr(code, part)
    return code


def _refuse_patterns(target: str, code: Any) -> None:
    """A pattern, told by what it is called with, has checks of its own."""
    try:
        parameters = inspect.signature(code.__call__).parameters if callable(code) else {}
    except (TypeError, ValueError):
        return
    if {"grid", "count"} <= set(parameters):
        own = code.__name__ if hasattr(code, "__name__") else target.rpartition(":")[2]
        raise ConfigError(
            f"{target}: a pattern, not a collator. Check it in Python with maskwright.testing.check_pattern({own}(), "
            f"Grid(token=64)), or audit a run configuration with masking: {{pattern: {target}, budget: 0.3, fill: "
            "mask-token}."
        )


def _builder(target: str, code: Any, settings: Mapping[str, Any], tokenizer: Any) -> Callable[[], Any]:
    if not inspect.isclass(code):
        if settings and not inspect.isroutine(code):
            raise ConfigError(f"{target}: it is built already, so that {next(iter(settings))} cannot be set.")
        return functools.partial(copy.deepcopy, functools.partial(code, **settings) if settings else code)
    try:
        parameters = inspect.signature(code).parameters
    except (TypeError, ValueError):
        parameters = {}
    name = next((name for name in TOKENIZER_NAMES if name in parameters), None)
    options = {**({name: tokenizer} if name else {}), **settings}

    def build() -> Any:
        try:
            return code(**options)
        except Exception as error:
            raise ConfigError(f"{target}: {SubjectError.raised('building it', error)}") from error

    return build


def _takes(build: Callable[[], Any], examples: list[Any]) -> tuple[str, str]:
    """`examples`, `arrays` or nothing, with what was raised."""
    from maskwright.testing.reading import Reader

    complaints = []
    with seeded():
        for kind, collator in (("examples", build()), ("arrays", ArrayFunction(build()))):
            subject_examples = examples if kind == "examples" else list(array_subject(collator).examples[:2])
            set_epoch(collator, 0)
            try:
                Reader(collator, None).observation(subject_examples)
            except SubjectError as error:
                complaints.append(f"called with {'a list of ' if kind == 'examples' else ''}{kind}, {_said(error)}")
            else:
                return kind, ""
    return "", "; ".join(complaints) + ". See maskwright audit --help for what it may take and return."


def _said(error: Exception) -> str:
    return str(error).removeprefix("calling ").rstrip(".")


def _made_by(subject: Subject, make: Callable[[], Any]) -> Subject:
    from dataclasses import replace

    return replace(subject, make=make)

"""`maskwright audit`: what is really hidden, by our masking or by any importable collator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from maskwright.testing import Subject

TEXTS = 2_000
"""Texts of a file that are looked at."""

MAX_LENGTH = 256


def command(
    target: Annotated[
        str,
        typer.Argument(metavar="SUBJECT", help="RUN.YAML, the name of a preset, or MODULE:NAME.", show_default=False),
    ],
    settings: Annotated[
        list[str] | None,
        typer.Argument(metavar="KEY=VALUE", help="Keys of the configuration, or arguments of the class."),
    ] = None,
    data: Annotated[Path | None, typer.Option(help="Texts to mask: CSV, TSV, JSONL or Parquet.")] = None,
    tokenizer: Annotated[str | None, typer.Option(help="Name or folder of the tokenizer.")] = None,
    ratio: Annotated[
        float | None, typer.Option(min=0, max=1, help="Hidden share asked for, if the subject does not say.")
    ] = None,
    only: Annotated[list[str] | None, typer.Option(help="Name of a check to run; repeat for several.")] = None,
    output: Annotated[Path | None, typer.Option(help="Write a page (.html) or the plot (.png).")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead.")] = False,
) -> None:
    """Measure what is really hidden, and on what the masks depend.

    MODULE:NAME is one of three: a collator, which turns a list of examples into
    a batch with input_ids and perhaps labels; the class of a collator, which is
    built with KEY=VALUE and the tokenizer; or a function of an array that gives
    a bool mask (True = hidden) or the masked array. Unless --data names texts,
    examples are made up. The exit code is 1 if a check fails.

    Three examples:

        maskwright audit automask

        maskwright audit run.yaml --output audit.html

        maskwright audit transformers:DataCollatorForLanguageModeling seed=0
    """
    from maskwright.audit import audit, write_page

    if output is not None and output.suffix not in (".html", ".png"):
        raise _bad(f"--output {output}: expected a file that ends with .html or .png.")
    words = ["maskwright", "audit", target, *(settings or [])]
    for name, value in (("--data", data), ("--tokenizer", tokenizer), ("--ratio", ratio)):
        words += [name, str(value)] if value is not None else []
    with _progress() as tell:
        tell("preparing", 0, 1)
        subject = _subject(target, settings or [], data, tokenizer, ratio)
        import shlex

        document = audit(subject, target=target, command=shlex.join(words), only=only or (), on_progress=tell)
        if output is not None:
            write_page(document, output)
    _print(document, output, as_json=json)
    if document["verdicts"]["fail"]:
        raise typer.Exit(1)


def _print(document: Mapping[str, Any], page: Path | None, *, as_json: bool) -> None:
    """The result, and where its page is."""
    if as_json:
        import json

        typer.echo(json.dumps(document, ensure_ascii=False, indent=2))
        return
    from maskwright.audit.terminal import show
    from maskwright.cli.console import output

    show(document, output())
    if page is not None:
        output().print(f"written: {page}", markup=False, soft_wrap=True)


def _subject(
    target: str, settings: list[str], data: Path | None, tokenizer: str | None, ratio: float | None
) -> Subject:
    from maskwright.audit import foreign_subject, masking_subject, preset_subject
    from maskwright.presets import preset, presets

    if target.lower() == "none":
        raise _bad("none hides nothing, so there is nothing to audit.")
    if Path(target).suffix in (".yaml", ".yml") or (Path(target).is_file() and Path(target).suffix != ".py"):
        if data is not None or tokenizer is not None or ratio is not None:
            raise _bad("--data, --tokenizer and --ratio do not go with a run configuration; set data.train=..., say.")
        return _configured(target, settings)
    if ":" in target or target.endswith(".py"):
        texts, reader = _texts(data, tokenizer)
        return foreign_subject(target, _settings(settings), examples=texts, tokenizer=reader, ratio=ratio)
    if target not in presets():
        from maskwright.errors import did_you_mean

        raise _bad(
            f"'{target}' is no run configuration (a .yaml file), no importable package.module:name and no preset. "
            f"{did_you_mean(target, presets())}"
        )
    if settings or ratio is not None:
        raise _bad("a preset has nothing to set; write a run configuration with masking: {...} to change one.")
    texts, reader = _texts(data, tokenizer)
    if texts is None and reader is None:
        return preset_subject(target)
    return masking_subject(preset(target), texts, reader)


def _configured(target: str, overrides: list[str]) -> Subject:
    from maskwright import tasks
    from maskwright.audit import masking_subject
    from maskwright.cli.console import say_notes
    from maskwright.tasks.hidden_share import amount_notes

    config = tasks.load_config(target, overrides)
    if config.masking is None:
        raise _bad("masking: none hides nothing, so there is nothing to audit; set masking=automask, say.")
    task = tasks.get(config.task)
    if task.audited is None:
        raise _bad(
            f"task: audit looks at run configurations of texts, given {config.task}. See what this one hides with "
            f"maskwright preview {target}; audit a preset for pictures with maskwright audit mae."
        )
    data = task.load(config.data)
    say_notes(*amount_notes(task, config, data))
    reader = task.reader(config, data)
    rows = data.train.select(range(min(TEXTS, len(data.train))))
    examples = task.audited(task.encode(rows, reader, config, data=data), config.masking)
    return masking_subject(config.masking, examples, reader, seed=config.training.seed)


def _texts(data: Path | None, tokenizer: str | None) -> tuple[list[dict[str, Any]] | None, Any]:
    """Tokenised texts of a file, and the tokenizer: the one named, or one trained on the texts."""
    from maskwright.tasks import pretrained, scratch

    reader = pretrained.tokenizer_for(tokenizer) if tokenizer is not None else None
    if data is None:
        return _read_aloud(reader), reader
    texts = _column(data)
    if reader is None:
        reader = scratch.train_tokenizer(texts, 4_000, MAX_LENGTH)
    encoded = reader(texts, truncation=True, max_length=MAX_LENGTH)["input_ids"]
    return [{"input_ids": row, "attention_mask": [1] * len(row)} for row in encoded], reader


def _read_aloud(reader: Any) -> list[dict[str, Any]] | None:
    """Without a file, a tokenizer gets texts made of its own vocabulary."""
    if reader is None:
        return None
    import numpy as np

    from maskwright.units.vocabulary import Vocabulary

    words = Vocabulary.from_tokenizer(reader).ordinary_ids
    rows = np.random.default_rng(0).choice(words, size=(1_500, 62)).tolist()
    built = [reader.build_inputs_with_special_tokens(row) for row in rows]
    return [{"input_ids": row, "attention_mask": [1] * len(row)} for row in built]


def _column(path: Path) -> list[str]:
    from maskwright.data.readers.table_file import read_table

    table = read_table(path, "--data")
    names = [name for name in table.columns if name == "text"] or list(table.columns)
    for name in names:
        values = [value for value in table.values(name)[:TEXTS] if isinstance(value, str) and value.strip()]
        if values:
            return values
    raise _bad(f"--data {path}: found no texts in the columns {', '.join(names) or '(none)'}.")


def _settings(settings: list[str]) -> dict[str, Any]:
    from maskwright.config.yaml_reader import parse_yaml

    arguments = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals or not key.isidentifier():
            raise _bad(f"'{setting}': expected key=value, such as mlm_probability=0.3.")
        arguments[key] = parse_yaml(value, f"'{setting}'")
    return arguments


@contextmanager
def _progress() -> Iterator[Any]:
    """A bar in a terminal, silence elsewhere."""
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

    from maskwright.cli.console import console

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn())
    with Progress(*columns, console=console(), transient=True, disable=not console().is_terminal) as bar:
        task = bar.add_task("starting", total=None)
        yield lambda name, done, of: bar.update(task, description=name, completed=done, total=of)


def _bad(message: str) -> Exception:
    from maskwright.errors import ConfigError

    return ConfigError(message)

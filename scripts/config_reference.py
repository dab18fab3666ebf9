"""Write docs/configuration.md, the table of all keys, from the models that read a configuration.

python scripts/config_reference.py            write the page
python scripts/config_reference.py --check    exit code 1 if the page is not what would be written
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from maskwright import budgets, fills, patterns, tasks
from maskwright.config import DataSection, RunConfig
from maskwright.presets import presets

PAGE = Path(__file__).parents[1] / "docs" / "configuration.md"

INTRODUCTION = """\
# Configuration: every key

<!-- Written by scripts/config_reference.py from src/maskwright/config/sections.py and the tasks; edit there. -->

One YAML file is one run. Only `model` and `data` have to be given. Every key can be set on the command line too:
`maskwright train run.yaml training.seed=1 data.max_length=128`. A key that is not in these tables is refused, with the
nearest name that is. Paths are taken from where the command runs.
"""

MASKING = """\
## masking

`none` (the default), the name of a preset ({presets}), or a mapping:

| key | takes |
|---|---|
| `masking.pattern` | {patterns} |
| `masking.budget` | {budgets}; a plain number is a `ratio` |
| `masking.fill` | {fills}; a plain number is a `constant` |
| `masking.unit` | `token` (the default), `word`, `type`; of pictures `patch`, `pixel`; of clips `tubelet`, `frame` |
| `masking.clean_share` | share of the examples that is left whole, drawn anew each epoch; 0 to 1, default `0.0` |

Of pictures with a text, a masking for each and what they share:

| key | takes |
|---|---|
| `masking.modalities` | `{{image: {{pattern, fill, unit}}, text: {{pattern, fill, unit}}}}` |
| `masking.budget` | of both together, a share; which has how much of it is drawn for each example |
| `masking.concentration` | of that draw: low ones favour one of the two; 0.01 to 100 or `proportional`, default `1.0` |
| `masking.whole_share` | share of the examples of which one of the two is hidden whole; 0 to 1, default `0.0` |

A strategy is written as its name (`iid`), with one value (`{{ratio: 0.3}}`), with several in order
(`{{uniform: [0.0, 0.8]}}`) or with named parameters (`{{span: {{length: 3, law: geometric}}}}`). What each is for:
[strategies.md](strategies.md).
"""


def page() -> str:
    """The text of the page."""
    sections = [INTRODUCTION, _table("", RunConfig, "The run as a whole.")]
    sections.append(
        MASKING.format(
            presets=_listed(presets()),
            patterns=_listed(patterns.names()),
            budgets=_listed(budgets.names()),
            fills=_listed(fills.names()),
        )
    )
    for path, model in _sections(RunConfig):
        sections.append(_table(path, model, model.__doc__ or ""))
        if path == "data":
            sections += [_of_task(name) for name in tasks.NAMES]
    return "\n".join(sections)


def _of_task(name: str) -> str:
    """What a task's data section has besides, and its own defaults."""
    task = tasks.get(name)
    own = [key for key in task.Data.model_fields if key not in DataSection.model_fields]
    text = task.Data.__doc__ or ""
    if task.DEFAULTS:
        values = [f"`{path}: {json.dumps(value)}`" for path, value in _flat(task.DEFAULTS)]
        text = f"{text.rstrip()}\n\nDefaults of its own: {', '.join(values)}."
    return _table("data", task.Data, text, title=f"data of `{name}`", only=own)


def _flat(node: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in node.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _sections(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, type[BaseModel]]]:
    for name, field in model.model_fields.items():
        inner = _model_of(field, f"{prefix}{name}")
        if inner is not None:
            yield f"{prefix}{name}", inner
            yield from _sections(inner, f"{prefix}{name}.")


def _table(path: str, model: type[BaseModel], doc: str, title: str = "", only: list[str] | None = None) -> str:
    text = re.sub(r"\n {4}", "\n", doc.strip())
    heading = f"### {title}" if title else f"## {path or 'Top level'}"
    lines = [heading, "", text, "", "| key | takes | default | meaning |", "|---|---|---|---|"]
    for name, field in model.model_fields.items():
        if only is not None and name not in only:
            continue
        key = f"{path}.{name}" if path else name
        inner = _model_of(field, key)
        if inner is not None:
            takes, meaning = f"keys, see [{key}](#{key.replace('.', '')})", _first_sentence(inner.__doc__ or "")
        else:
            takes, meaning = _takes(name, field), field.description or ""
        lines.append(f"| `{key}` | {takes} | {_default(field, inner)} | {meaning} |")
    return "\n".join(lines) + "\n"


def _model_of(field: FieldInfo, key: str) -> type[BaseModel] | None:
    if key == "data":  # which of its subclasses, the task says
        return DataSection
    candidates = [field.annotation, *getattr(field.annotation, "__args__", ())]
    return next((c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), None)


def _takes(name: str, field: FieldInfo) -> str:
    if name == "masking":
        return "see [masking](#masking)"
    if name == "task":
        return _listed(tasks.NAMES)
    kind = _kind(field.annotation)
    limits = {type(rule).__name__: rule for rule in field.metadata}
    words = [kind]
    if "Ge" in limits or "Gt" in limits:
        low = limits["Ge"].ge if "Ge" in limits else limits["Gt"].gt
        words.append(f"{'from' if 'Ge' in limits else 'above'} {low:,}")
    if "Le" in limits or "Lt" in limits:
        high = limits["Le"].le if "Le" in limits else limits["Lt"].lt
        words.append(f"{'to' if 'Le' in limits else 'below'} {high:,}")
    return " ".join(words)


def _kind(annotation: Any) -> str:
    names = {str: "text", int: "whole number", float: "number", bool: "`true`, `false`", type(None): ""}
    if annotation in names:
        return names[annotation]
    parts = getattr(annotation, "__args__", ())
    origin = getattr(annotation, "__origin__", None)
    if origin is list:
        return f"list of {_kind(parts[0]) or 'names or mappings'}"
    if origin is dict:
        return "mapping"
    if "Literal" in str(origin):
        return ", ".join(f"`{part}`" for part in parts)
    if "Annotated" in str(type(annotation)):
        rules = getattr(annotation, "__metadata__", ())
        return "numbers from 0 to below 1" if rules else _kind(parts[0])
    return " or ".join(kind for kind in map(_kind, parts) if kind)


def _default(field: FieldInfo, inner: type[BaseModel] | None) -> str:
    if field.is_required():
        return "**required**"
    default = field.get_default(call_default_factory=True)
    if isinstance(default, BaseModel):
        return "its defaults"
    if default is None:
        return "`none`" if field is RunConfig.model_fields["masking"] else "not set"
    return f"`{json.dumps(default)}`" if not isinstance(default, str) else f"`{default}`"


def _first_sentence(text: str) -> str:
    return " ".join(text.split("\n\n")[0].split()).partition(". ")[0].rstrip(".") + "."


def _listed(names: Any) -> str:
    return ", ".join(f"`{name}`" for name in names)


def main() -> int:
    """Write or check the page."""
    text = page()
    if "--check" in sys.argv[1:]:
        return int(not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text)
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

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

from maskwright import budgets, fills, objectives, patterns, tasks
from maskwright.config import DataSection, RunConfig, TrainingConfig
from maskwright.errors import ConfigError
from maskwright.presets import presets
from maskwright.tasks.contract import Task
from maskwright.tasks.registry import DEFAULT

PAGE = Path(__file__).parents[1] / "docs" / "configuration.md"

INTRODUCTION = """\
# Configuration: every key

<!-- Written by scripts/config_reference.py from src/maskwright/config/sections.py and the tasks; edit there. -->

One YAML file is one run. Only `model` and `data` have to be given. Every key can be set on the command line too:
`maskwright train run.yaml training.seed=1 data.max_length=128`. A key that is not in these tables is refused, with the
nearest name that is. Paths are taken from where the command runs.
"""

COMMON = {"data": DataSection, "training": TrainingConfig}
"""Sections that are a task's own -> what those of all tasks have in common."""

OF_THE_TASK = {
    "task": f"`{DEFAULT}`",
    "objective": "the task's own",
    "generation": "the task's own",
    "evaluation.metrics": "the task's own",
}
"""Keys whose defaults stand in no field."""

MASKING = """\
## masking

`none` (the default), the name of a preset ({presets}), or a mapping:

| key | takes |
|---|---|
| `masking.pattern` | {patterns} |
| `masking.budget` | {budgets}; a plain number is a `ratio` |
| `masking.fill` | {fills}; a plain number is a `constant` |
| `masking.unit` | `token` (default), `word`, `type`, `entity`; pictures: `patch`, `pixel`; clips: `tubelet`, `frame` |
| `masking.clean_share` | share of the examples that is left whole, drawn anew each epoch; 0 to 1, default `0.0` |

Of inputs with two parts (`image` and `text` of `image-text-classification`, `source` and `target` of `translation`), a
masking for each and what they share:

| key | takes |
|---|---|
| `masking.modalities` | `{{image: {{pattern, fill, unit}}, text: {{...}}}}`; `{{source: {{...}}, target: {{...}}}}` |
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
    sections.append(_tasks())
    for path, model in _sections(RunConfig):
        sections.append(_table(path, model, model.__doc__ or ""))
        sections += _own_sections(path)
        if path == "training":
            sections += _own_sections("generation")
    return "\n".join(sections)


def _tasks() -> str:
    """What each task learns, is judged by and takes for granted."""
    lines = [
        "## Tasks",
        "",
        "The first metric is the headline; those in brackets are measured only if `evaluation.metrics` names them.",
        "",
        "| task | objectives, the default first | metrics | its own defaults |",
        "|---|---|---|---|",
    ]
    for name in tasks.names():
        task = tasks.get(name)
        chosen = task.chosen_metrics(None)
        metrics = [f"`{one.name}`" if one in chosen else f"(`{one.name}`)" for one in task.metrics]
        defaults = [f"`{path}: {json.dumps(value)}`" for path, value in _flat(dict(task.configuration.defaults))]
        cells = [f"`{name}`", _listed(_learnt(task)), ", ".join(metrics), ", ".join(defaults)]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _learnt(task: Task) -> list[str]:
    """Names of the objectives of a task, the default first."""
    allowed = []
    for name in objectives.names():
        try:
            task.configuration.objective(name)
        except ConfigError:
            continue
        allowed.append(name)
    default = objectives.name_of(task.configuration.objective(None))
    return [default, *(name for name in allowed if name != default)]


def _own_sections(path: str) -> Iterator[str]:
    """What sections of tasks have besides, once where several tasks share one."""
    common = COMMON.get(path)
    by_model: dict[type[BaseModel], list[str]] = {}
    for name in tasks.names():
        configuration = tasks.get(name).configuration
        own = {"data": configuration.data, "training": configuration.training, "generation": configuration.generation}
        model = own.get(path)
        if model is not None and model is not common:
            by_model.setdefault(model, []).append(name)
    inside: dict[str, type[BaseModel]] = {}
    for model, names in by_model.items():
        shared = {} if common is None else common.model_fields
        fields = [
            key
            for key, field in model.model_fields.items()
            if key not in shared or field.annotation != shared[key].annotation
        ]
        yield _table(path, model, model.__doc__ or "", title=f"{path} of {_listed(names)}", only=fields)
        inside |= {where: one for where, one in _sections(model, f"{path}.") if where.partition(".")[2] in fields}
    for where, model in inside.items():
        yield _table(where, model, model.__doc__ or "", title=where)


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
        lines.append(f"| `{key}` | {takes} | {OF_THE_TASK.get(key) or _default(field, inner)} | {meaning} |")
    return "\n".join(lines) + "\n"


def _model_of(field: FieldInfo, key: str) -> type[BaseModel] | None:
    if key in COMMON:  # which of its subclasses, the task says
        return COMMON[key]
    candidates = [field.annotation, *getattr(field.annotation, "__args__", ())]
    return next((c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), None)


def _takes(name: str, field: FieldInfo) -> str:
    if name == "masking":
        return "see [masking](#masking)"
    if name == "task":
        return f"{_listed(tasks.names())}, or `module:TASK`"
    if name == "objective":
        return _listed(objectives.names())
    if name == "generation":
        return "keys, see the task's own"
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
    parts: tuple[Any, ...] = getattr(annotation, "__args__", ())
    origin = getattr(annotation, "__origin__", None)
    if origin is list:
        return f"list of {_kind(parts[0]) or 'names or mappings'}"
    if origin is dict:
        return "mapping"
    if "Literal" in str(origin):
        return ", ".join(f"`{part}`" for part in parts)
    if "Annotated" in str(type(annotation)):
        rules: tuple[Any, ...] = getattr(annotation, "__metadata__", ())
        return "numbers from 0 to below 1" if rules else _kind(parts[0])
    return " or ".join(kind for kind in map(_kind, parts) if kind)


def _default(field: FieldInfo, inner: type[BaseModel] | None) -> str:
    if field.is_required():
        return "**required**"
    default = field.get_default(call_default_factory=True)
    if isinstance(default, BaseModel) or (inner is not None and default == {}):
        return "its defaults"
    if default is None:
        return "`none`" if field is RunConfig.model_fields["masking"] else "not set"
    return f"`{default}`" if isinstance(default, str) and default else f"`{json.dumps(default)}`"


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

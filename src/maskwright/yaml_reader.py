"""YAML as people write it: the one place that reads it."""

from __future__ import annotations

import re
from typing import Any

import yaml

from maskwright.errors import ConfigError


class _Loader(yaml.SafeLoader):
    """YAML 1.1 reads 5e-5 as text; people mean a number."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(\d[\d_]*\.?[\d_]*|\.\d[\d_]*)[eE][-+]?\d+$"),
    list("-+.0123456789"),
)


def parse_yaml(text: str, source: str) -> Any:
    """Read YAML text; `source` names it in the error."""
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        raise ConfigError(f"{source}: this is not valid YAML: {' '.join(str(error).split())}") from None

"""Tasks: what a model does. One file a task, found by its name, or `module:TASK` of your own.

`maskwright.tasks.contract` says what a task consists of. Nothing at the top of a task's file imports torch or
transformers, so that `check` stays quick.
"""

from maskwright.tasks.registry import get, load_config, names, parse_config

__all__ = ["get", "load_config", "names", "parse_config"]

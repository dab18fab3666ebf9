"""Trackers that the Hugging Face Trainer reports to, each of which is a package of its own."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

from maskwright.errors import ConfigError, did_you_mean

__all__ = ["check_trackers"]

PACKAGES = {
    "azure_ml": ("azureml",),
    "clearml": ("clearml",),
    "codecarbon": ("codecarbon",),
    "comet_ml": ("comet_ml",),
    "dagshub": ("dagshub", "mlflow"),
    "dvclive": ("dvclive",),
    "flyte": ("flytekit",),
    "kubeflow": (),
    "mlflow": ("mlflow",),
    "neptune": ("neptune",),
    "swanlab": ("swanlab",),
    "tensorboard": ("tensorboard",),
    "trackio": ("trackio",),
    "wandb": ("wandb",),
}
"""Tracker -> packages that it needs."""

INSTEAD = {"tensorboard": "tensorboardX"}
"""Package -> another that does as well."""

NAMESPACES = ("azureml",)
"""Packages that are folders of packages."""

NO_TRACKER = ("all", "none")
"""Whatever is installed, and nothing."""


def check_trackers(report_to: str | Sequence[str]) -> None:
    """Refuse trackers that cannot be reported to, which the Trainer would find out once the model is there.

    Args:
        report_to: one name or several, as in `training.report_to`.

    Raises:
        ConfigError: a name that is unknown, or whose package is not installed.
    """
    for name in [report_to] if isinstance(report_to, str) else report_to:
        if name in NO_TRACKER:
            continue
        if name not in PACKAGES:
            advice = did_you_mean(name, [*PACKAGES, *NO_TRACKER])
            raise ConfigError(f"training.report_to: there is no tracker {name!r}. {advice}")
        missing = [package for package in PACKAGES[name] if not _installed(package)]
        if missing:
            raise ConfigError(
                f"training.report_to: {name} needs the package {missing[0]}, which is not installed. Install it, or "
                "set training.report_to=none."
            )


def _installed(package: str) -> bool:
    """Whether it can be imported; a folder of that name beside the script, which has no code of its own, cannot."""
    for name in (package, INSTEAD.get(package)):
        try:
            spec = None if name is None else find_spec(name)
        except ValueError:  # something put in the place of a module, which says nothing of itself
            continue
        if spec is not None and (spec.origin is not None or package in NAMESPACES):
            return True
    return False

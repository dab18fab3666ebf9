"""What the machine is: its number format, its processes, and the facts that go into `environment.json`."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from typing import Any

import torch

from maskwright.errors import RunError

__all__ = ["check_world_size", "describe", "resolve_dtype"]

LIBRARIES = ("maskwright", "torch", "transformers", "accelerate", "datasets", "tokenizers", "numpy", "safetensors")


def resolve_dtype(asked: str, device: torch.device) -> str:
    """Choose the format that matrix products run in; weights stay in float32.

    `auto` is bf16 where it is faster: on graphics cards that have it, and on processors with matrix tiles (AMX). A
    processor that merely knows bf16 instructions was measured at half the speed of fp32.

    Args:
        asked: auto, bf16 or fp32.
        device: where the model runs.

    >>> resolve_dtype("fp32", torch.device("cpu"))
    'fp32'
    """
    if asked != "auto":
        return asked
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    if device.type == "cpu":
        capabilities = getattr(torch.cpu, "get_capabilities", dict)()
        return "bf16" if capabilities.get("amx_bf16") else "fp32"
    return "fp32"


def check_world_size(actual: int, expected: int | None) -> None:
    """Refuse to train with another number of processes than was asked for.

    Launchers can start fewer processes than they were told without saying so.

    Args:
        actual: processes that really train together.
        expected: `training.world_size`, None if the user does not say.

    Raises:
        RunError: they differ, or the launcher promised another number.
    """
    promised = int(os.environ.get("WORLD_SIZE", actual))
    if expected is not None and actual != expected:
        raise RunError(
            f"training.world_size: {expected} processes are expected, {actual} {'is' if actual == 1 else 'are'} "
            f"running. Start with: torchrun --nproc-per-node {expected} -m maskwright train run.yaml"
        )
    if promised != actual:
        raise RunError(
            f"the launcher announced {promised} processes (WORLD_SIZE), but {actual} train together. "
            "Start with torchrun, or unset WORLD_SIZE."
        )


def describe(device: torch.device, dtype: str, world_size: int) -> dict[str, Any]:
    """Versions and hardware, without anything that names a person or a host."""
    on_cuda = device.type == "cuda"
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        **{name: _version(name) for name in LIBRARIES},
        "device": torch.cuda.get_device_name(device) if on_cuda else device.type,
        "dtype": dtype,
        "world_size": world_size,
        "threads": torch.get_num_threads(),
    }


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None

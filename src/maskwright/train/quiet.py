"""Libraries that talk on their own are asked to be quiet while we report progress ourselves."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["quiet"]


@contextmanager
def quiet() -> Iterator[None]:
    """Silence the logs and progress bars of transformers and datasets inside, except for errors.

    Download bars of the hub stay: a model of several gigabytes is the one thing we cannot report on.
    """
    import datasets
    import huggingface_hub.utils as hub
    from transformers.utils import logging as transformers_logging

    verbosity = transformers_logging.get_verbosity()
    transformers_bars, datasets_bars = (
        transformers_logging.is_progress_bar_enabled(),
        datasets.is_progress_bar_enabled(),
    )
    hub_bars = not hub.are_progress_bars_disabled()
    accelerate_log = logging.getLogger("accelerate")
    accelerate_level = accelerate_log.level
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    if hub_bars:
        hub.enable_progress_bars()
    datasets.disable_progress_bars()
    accelerate_log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        transformers_logging.set_verbosity(verbosity)
        if transformers_bars:
            transformers_logging.enable_progress_bar()
        if datasets_bars:
            datasets.enable_progress_bars()
        accelerate_log.setLevel(accelerate_level)

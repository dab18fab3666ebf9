"""What the processes of a run agree on between steps: whether to stop, and what batch norms have seen."""

from __future__ import annotations

from typing import Any

from maskwright.train.stop import StopRequest

__all__ = ["any_process", "share_buffers"]


def any_process(request: StopRequest, world_size: int, device: Any) -> bool:
    """Whether a stop was asked of any of the processes; all of them give the same answer."""
    if world_size == 1:
        return request.asked
    import torch
    import torch.distributed as distributed

    flag = torch.tensor([int(request.asked)], device=device)
    distributed.all_reduce(flag, op=distributed.ReduceOp.MAX)
    return bool(flag.item())


def share_buffers(model: Any, world_size: int) -> None:
    """Give all processes the buffers of the first, which are those that are saved.

    Each process has seen other examples, so their batch norms differ behind a step; DistributedDataParallel evens them
    out in the same way before the next one. Without this, validation would score parts of the split by different
    models, and a resumed run, which knows the first one's alone, would score otherwise.

    Args:
        model: on every process.
        world_size: processes.
    """
    if world_size == 1:
        return
    import torch.distributed as distributed

    for buffer in model.buffers():
        distributed.broadcast(buffer, src=0)

"""The Hugging Face Trainer as the loop, with what it gets wrong done here.

- The loss is the sum over the examples of an optimiser step divided by their number, whatever the accumulation and the
  number of processes. (The stock Trainer multiplies it by both for most models.)
- Evaluation leaves the training curve alone.
- Masks are drawn here, in the main process, on the device, for the whole batch, keyed by (seed, epoch, example id).
- Checkpoints are whole or they do not count, hold no pickle, and restore everything to the bit.
"""

from __future__ import annotations

import math
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader
from transformers import PrinterCallback, TrainingArguments

from maskwright.config import RunConfig
from maskwright.errors import RunError
from maskwright.tasks.contract import BESIDES, EVALUATION_SEED, Examples, plain_inputs
from maskwright.train import random_states
from maskwright.train.callbacks import Conductor, Plan, any_process
from maskwright.train.ema import Ema
from maskwright.train.learning_rate import Schedule
from maskwright.train.order import Order
from maskwright.train.progress import Event
from maskwright.train.resume import Resumable, Work
from maskwright.train.selection import Selection

__all__ = ["MaskedTrainer"]


class MaskedTrainer(Resumable):
    """Trains a model on masked inputs.

    Args:
        model: answers with `logits` [B, classes].
        config: of the run.
        arguments: from `training_arguments`.
        work: data, folder and listeners.
    """

    def __init__(self, model: torch.nn.Module, config: RunConfig, arguments: TrainingArguments, work: Work):
        training = config.training
        self.config, self.work = config, work
        self.order = Order(
            work.train.example_ids,
            training.batch_size,
            training.gradient_accumulation,
            arguments.world_size,
            arguments.process_index,
            training.seed,
        )
        self.plan = Plan.of(training, self.order.steps_per_epoch)
        arguments.max_steps = self.plan.steps
        self.selection = Selection()
        super().__init__(model=model, args=arguments, train_dataset=work.train)  # type: ignore[arg-type]
        self.ema = Ema(self.model, training.ema) if training.ema is not None else None
        # Heads that normalise by num_items_in_batch on their own would be handed it otherwise; the loss is made here.
        self.model_accepts_loss_kwargs = False
        self.remove_callback(PrinterCallback)
        world_size, device = arguments.world_size, arguments.device
        asked = lambda: any_process(work.stop, world_size, device)  # noqa: E731 - nothing pickles it
        self.add_callback(Conductor(self.order, self.plan, self.selection, training.early_stopping, self.ema, asked))
        if arguments.process_index:
            # The stock trainer seeds all processes alike, and dropout would repeat itself in each of them.
            torch.manual_seed(training.seed + 1_000_003 * arguments.process_index)

    # ---- one step ----

    def training_step(self, model: Any, inputs: dict[str, Any], num_items_in_batch: Any = None) -> torch.Tensor:
        """Mask a micro-batch, run it forwards and backwards, and return its share of the step's loss."""
        model.train()
        batch: dict[str, Any] = self._prepare_inputs(inputs)
        labels, ids, weight = (batch.pop(name) for name in BESIDES)
        hidden, examples = self.hidden(batch, ids), self.work.train
        self.work.cells += examples.work(hidden)
        self.work.cells_whole += examples.work(batch)
        # Gradients and the logged loss are averaged over the processes, hence the factor.
        share = self.args.world_size / self.order.examples_in_step(self.state.global_step)
        with self.compute_loss_context_manager():
            loss = self.work.task.loss_sum(model, hidden, labels, weight) * share
        self.accelerator.backward(loss)
        return loss.detach()

    def hidden(self, inputs: dict[str, Any], ids: torch.Tensor) -> dict[str, Any]:
        """The inputs with parts hidden, as this epoch hides them."""
        step = self.state.global_step
        moment = {"seed": self.config.training.seed, "epoch": self.order.epoch_of(step)}
        progress = step / self.plan.steps
        return self.work.train.hide(inputs, self.config.masking, ids, **moment, progress=progress).inputs

    def get_train_dataloader(self) -> DataLoader:
        """Micro-batches in an order of our own; the global random state is not touched."""
        generator = torch.Generator()
        generator.manual_seed(self.config.training.seed)
        return DataLoader(
            self.work.train,  # type: ignore[arg-type] - __getitems__ is all that is used
            batch_sampler=self.order,  # type: ignore[arg-type]
            collate_fn=_as_it_is,
            num_workers=self.args.dataloader_num_workers,
            # Workers that outlive an epoch would still hold the order of the epoch before.
            persistent_workers=False,
            pin_memory=self.args.device.type == "cuda",
            generator=generator,
        )

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        """The learning rate over the run."""
        if self.lr_scheduler is None:
            training = self.config.training
            warmup = round(training.warmup * num_training_steps)
            schedule = Schedule(training.learning_rate_schedule, warmup, num_training_steps)
            self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer or self.optimizer, schedule)  # type: ignore[arg-type]
            self._created_lr_scheduler = True
        return self.lr_scheduler

    def floating_point_ops(self, inputs: dict[str, Any]) -> int:
        """Not counted: it costs more than it tells."""
        return 0

    # ---- what is reported ----

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Write the numbers of a step down, and hand them to whoever reports them elsewhere."""
        super().log(logs, start_time)
        # The history would be saved with every checkpoint, and grow; metrics.jsonl holds it all.
        self.state.log_history.clear()
        if "grad_norm" not in logs:
            return
        step, epoch = self.state.global_step, float(self.state.epoch or 0.0)
        names = ("loss", "learning_rate", "grad_norm")
        numbers = {name: float(logs[name]) for name in names}
        if not math.isfinite(numbers["loss"]):
            raise RunError(
                f"the loss is {numbers['loss']} at step {step}. Lower training.learning_rate, or set "
                "training.dtype=fp32."
            )
        self.work.log.add(step=step, epoch=epoch, **numbers)
        self.work.watch(Event("step", step=step, steps=self.plan.steps, epoch=epoch, numbers=numbers))

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        """Validate the model (the averaged one, if there is an average), unmasked; training notices nothing of it."""
        with random_states.preserved(), self._averaged():
            task, examples = self.work.task, self.work.validation
            scores = task.metrics(self.answers(examples), examples)
            step, epoch = self.state.global_step, float(self.state.epoch or 0.0)
            score = scores[task.METRIC.name] * (1 if task.METRIC.higher_is_better else -1)
            if self.selection.consider(step, score, scores["loss"]) and self.config.training.keep_best:
                self.save_best()
        self.work.log.add(step=step, epoch=epoch, validation=scores)
        self.work.watch(Event("validation", step=step, steps=self.plan.steps, epoch=epoch, numbers=scores))
        prefixed = {f"eval_{name}": value for name, value in scores.items()}
        self.log(prefixed)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, prefixed)
        return prefixed

    def answers(self, split: Examples) -> np.ndarray:
        """[N, ...] float32: the answers of the model as it is, in the order of the split, on every process."""
        if not len(split):
            raise RunError("the validation split is empty.")
        self.model.eval()
        order = np.argsort(-split.lengths, kind="stable")
        mine = order[self.args.process_index :: self.args.world_size]
        # A process without rows asks about one all the same, to know the size of an answer.
        rows, size = mine if len(mine) else order[:1], self.config.training.eval_batch_size
        parts = []
        for start in range(0, len(rows), size):
            parts.append(self._answer(split, rows[start : start + size]))
            self.work.watch(Event("phase", "validating", step=min(start + size, len(rows)), steps=len(rows)))
        answers = torch.cat(parts)
        found = torch.zeros(len(split), *answers.shape[1:], device=answers.device)
        if len(mine):
            found[torch.from_numpy(rows).to(answers.device)] = answers
        if self.args.world_size > 1:
            # Every row was written by one process and is zero on the others, so that the sum is exact.
            torch.distributed.all_reduce(found)
        return found.cpu().numpy()

    def _answer(self, split: Examples, rows: np.ndarray) -> torch.Tensor:
        """The answers about some rows: on whole inputs, or, where what is hidden is what is learned, on masked ones."""
        batch: dict[str, Any] = self._prepare_inputs(split.batch(rows))
        masking = self.config.masking if self.config.objective == "reconstruct" else None
        hidden = split.hide(plain_inputs(batch), masking, batch["example_id"], seed=EVALUATION_SEED, epoch=0)
        with torch.no_grad():
            return self.work.task.answer(self.model, hidden.inputs).float()

    def _averaged(self) -> Any:
        return self.ema.applied(self.model) if self.ema is not None else nullcontext()


def _as_it_is(batch: Any) -> Any:
    return batch

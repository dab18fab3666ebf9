"""The Hugging Face Trainer as the loop, with what it gets wrong done here.

- The loss is the sum over an optimiser step divided by the count that it is a mean over (examples, tokens, objects),
  whatever the accumulation and the number of processes. (The stock Trainer multiplies it by both for most models.)
- Evaluation leaves the training curve alone.
- Masks are drawn here, in the main process, on the device, for the whole batch, keyed by (seed, epoch, example id).
- Checkpoints are whole or they do not count, hold no pickle, and restore everything to the bit.
"""

from __future__ import annotations

import itertools
import math
from contextlib import nullcontext
from functools import cached_property
from typing import Any

import torch
from transformers import PrinterCallback, TrainingArguments

from maskwright.config import RunConfig
from maskwright.errors import RunError
from maskwright.rng import Moment
from maskwright.tasks.examples import Batch, Hidden
from maskwright.train import random_states
from maskwright.train.callbacks import Conductor, Plan
from maskwright.train.ema import Ema
from maskwright.train.learning_rate import LearningRate
from maskwright.train.order import Order
from maskwright.train.processes import any_process, share_buffers
from maskwright.train.progress import Event
from maskwright.train.resume import Resumable, Work
from maskwright.train.selection import Selection
from maskwright.train.stream_order import StreamOrder
from maskwright.train.validation import Validation

__all__ = ["MaskedTrainer"]


class MaskedTrainer(Resumable):
    """Trains a model on masked inputs.

    Args:
        model: of the task.
        config: of the run.
        arguments: from `training_arguments`.
        work: data, folder and listeners.
    """

    def __init__(self, model: torch.nn.Module, config: RunConfig, arguments: TrainingArguments, work: Work):
        training = config.training
        self.config, self.work = config, work
        self.order = self._order(arguments)
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

    def get_batch_samples(self, epoch_iterator: Any, num_batches: int, device: Any) -> tuple[list[Any], float]:
        """The micro-batches of an optimiser step, hidden, and what their loss is a mean over, on all processes."""
        batches = [batch.to(self.args.device) for batch in itertools.islice(epoch_iterator, num_batches)]
        steps = [self.views(batch) for batch in batches]
        examples = self.work.train
        for batch, views in zip(batches, steps, strict=True):
            self.work.cells += sum(examples.work(view.inputs) for view in views)
            self.work.cells_whole += examples.work(batch.inputs) * len(views)
        return steps, self._everywhere(sum(views[0].count for views in steps))

    def views(self, batch: Batch) -> tuple[Hidden, ...]:
        """A batch with parts hidden, in as many ways as the objective compares, as this epoch hides them."""
        step, config = self.state.global_step, self.config
        moment = Moment(config.training.seed, self.order.epoch_of(step), step / self.plan.steps)
        ways = range(config.objective.views)
        return tuple(self.work.train.hide(batch, config.masking, moment.view(way)) for way in ways)

    def training_step(self, model: Any, inputs: Any, num_items_in_batch: Any = None) -> torch.Tensor:
        """Run a micro-batch forwards and backwards, and return its share of the step's loss."""
        model.train()
        # Gradients and the logged loss are averaged over the processes, hence the factor.
        share = self.args.world_size / (num_items_in_batch or 1)
        with self.compute_loss_context_manager():
            loss = self.config.objective.loss(self.work.task, model, inputs).sum * share
        self.accelerator.backward(loss)
        return loss.detach()

    def _passes(self) -> float:
        """Passes over the training rows so far; of a stream, whose length nobody knows, the whole ones."""
        return float(self.order.epoch if self.work.stream else self.state.epoch or 0.0)

    def _everywhere(self, count: float) -> float:
        """A number added up over the processes."""
        if self.args.world_size == 1:
            return count
        total = torch.tensor(float(count), dtype=torch.float64, device=self.args.device)
        torch.distributed.all_reduce(total)
        return total.item()

    def get_train_dataloader(self) -> Any:
        """Micro-batches in an order of our own; the global random state is not touched."""
        options = {"workers": self.args.dataloader_num_workers, "pin_memory": self.args.device.type == "cuda"}
        return self.order.loader(self.work.train, **options)

    def _order(self, arguments: TrainingArguments) -> Order | StreamOrder:
        """Which examples meet in which step: of a table by their numbers, of a stream as they come."""
        training, work = self.config.training, self.work
        shared = {
            "batch_size": training.batch_size,
            "accumulation": training.gradient_accumulation,
            "world_size": arguments.world_size,
            "rank": arguments.process_index,
        }
        if work.stream is None:
            return Order(work.train.example_ids, seed=training.seed, **shared)
        # The place in the stream is restored instead of passing over what was read before.
        arguments.ignore_data_skip = True
        return StreamOrder(work.stream.rows, work.stream.encode, work.train, **shared)

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        """The learning rate over the run."""
        if self.lr_scheduler is None:
            training = self.config.training
            warmup = round(training.warmup * num_training_steps)
            schedule = LearningRate(training.learning_rate_schedule, warmup, num_training_steps)
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
        step, epoch = self.state.global_step, self._passes()
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
        """Validate the model (the averaged one, if there is an average); training notices nothing of it."""
        step, epoch = self.state.global_step, self._passes()
        with random_states.preserved(), self._averaged():
            self.model.eval()
            share_buffers(self.model, self.args.world_size)
            shared = {"rank": self.args.process_index, "ranks": self.args.world_size, "watch": self._validating}
            scores = self.validation.scores(self.model, self.args.device, **shared)
            headline = self.validation.metrics[0]
            score = scores[headline.name] * (1 if headline.higher_is_better else -1)
            if self.selection.consider(step, score, scores["loss"]) and self.config.training.keep_best:
                self.save_best()
        self.work.log.add(step=step, epoch=epoch, validation=scores)
        self.work.watch(Event("validation", step=step, steps=self.plan.steps, epoch=epoch, numbers=scores))
        prefixed = {f"eval_{name}": value for name, value in scores.items()}
        self.log(prefixed)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, prefixed)
        return prefixed

    @cached_property
    def validation(self) -> Validation:
        """What is asked on the validation split: whole examples, or masked ones where that is what is learned."""
        config, task = self.config, self.work.task
        interim = None if task.interim is None else task.interim(config, self.work.reader)
        return Validation(
            task=task,
            examples=self.work.validation,
            metrics=task.chosen_metrics(config.evaluation.metrics),
            masking=config.masking if config.objective.learns_hidden else None,
            settings=task.settings(config, self.work.reader) if interim is None else interim.settings,
            batch_size=config.training.eval_batch_size,
            answered=0 if interim is None else interim.examples,
        )

    def _validating(self, done: int, total: int) -> None:
        self.work.watch(Event("phase", "validating", step=done, steps=total))

    def _averaged(self) -> Any:
        return self.ema.applied(self.model) if self.ema is not None else nullcontext()

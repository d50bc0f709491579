"""The optimizer of a trial, with the course of its learning rate.

In: factors, and the steps of an epoch. Out: a Keras optimizer. All that changes while it works are variables of its
own, so that a saved state goes on exactly.
"""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from bloodstudy.config.schema import Factors

# Keras's own, meant beside the gradient of a loss summed over the batch, as the reference's author sums it. Ours is
# the mean, so epsilon is divided by the batch size too (docs/decisions/03_mean_loss.md).
EPSILON = 1e-7
_EPSILON_POWER = {"adam": 1, "adamw": 1, "nadam": 1, "rmsprop": 2}  # rmsprop adds it to the squared gradient
_KINDS: dict[str, tuple[type[keras.optimizers.Optimizer], dict[str, Any]]] = {
    "adam": (keras.optimizers.Adam, {}),
    "adamw": (keras.optimizers.AdamW, {}),
    "nadam": (keras.optimizers.Nadam, {}),
    "rmsprop": (keras.optimizers.RMSprop, {}),
    "sgd": (keras.optimizers.SGD, {}),
    "momentum": (keras.optimizers.SGD, {"momentum": 0.9, "nesterov": True}),
}


class Course(keras.optimizers.schedules.LearningRateSchedule):
    """The learning rate at each step: a rise in a line, then constant, or to zero by half a cosine or in a line.

    Loshchilov and Hutter 2017 for the cosine, without restarts; Goyal et al. 2017 for the rise.
    """

    def __init__(self, lr: float, steps: int, schedule: str, warmup: float) -> None:
        """Make the course over `steps` steps, of which the share `warmup` are the rise."""
        super().__init__()
        self.lr, self.steps, self.schedule, self.warmup = lr, steps, schedule, warmup

    def __call__(self, step: Any) -> Any:
        rising = math.ceil(self.warmup * self.steps)
        at: Any = ops.cast(step, "float32")
        done: Any = ops.clip((at - rising) / max(1, self.steps - rising), 0.0, 1.0)
        turned: Any = ops.cos(math.pi * done)
        share = {"cosine": 0.5 * (1 + turned), "linear": 1 - done, "constant": ops.ones_like(done)}[self.schedule]
        rise: Any = ops.where(at < rising, (at + 1) / max(1, rising), share)
        return self.lr * rise

    def get_config(self) -> dict[str, Any]:
        return {"lr": self.lr, "steps": self.steps, "schedule": self.schedule, "warmup": self.warmup}


def make_optimizer(
    factors: Factors, steps_an_epoch: int, course: keras.optimizers.schedules.LearningRateSchedule | None = None
) -> keras.optimizers.Optimizer:
    """Return the optimizer of `factors` for training with so many steps an epoch, with the user's own `course`."""
    kind, own = _KINDS[factors.optimizer]
    options: dict[str, Any] = dict(own)
    if power := _EPSILON_POWER.get(factors.optimizer):
        options["epsilon"] = EPSILON / factors.batch_size**power
    if factors.weight_decay:
        options["weight_decay"] = factors.weight_decay
    if factors.clip_norm:
        options["global_clipnorm"] = factors.clip_norm
    if factors.ema:
        options |= {"use_ema": True, "ema_momentum": factors.ema}
    rate: Any = factors.lr
    if factors.schedule != "constant" or factors.warmup:
        rate = Course(factors.lr, steps_an_epoch * factors.epochs, factors.schedule, factors.warmup)
    return kind(course or rate, **options)

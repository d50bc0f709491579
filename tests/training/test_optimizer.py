"""The course of the learning rate, and what the factors make of Keras's optimizers."""

import math
from dataclasses import replace

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from bloodstudy.config.schema import Factors  # noqa: E402
from bloodstudy.training.optimizer import EPSILON, Course, make_optimizer  # noqa: E402

PLAIN = Factors(lr=0.1, batch_size=10, epochs=5)


def rates(schedule: str, warmup: float, steps: int = 20) -> np.ndarray:
    course = Course(0.1, steps, schedule, warmup)
    return np.array([float(course(step)) for step in range(steps)])


def test_cosine_and_line_go_from_the_rate_to_zero():
    share = np.arange(20) / 20
    assert rates("cosine", 0) == pytest.approx(0.05 * (1 + np.cos(math.pi * share)), abs=1e-7)
    assert rates("linear", 0) == pytest.approx(0.1 * (1 - share), abs=1e-7)
    assert float(Course(0.1, 20, "cosine", 0)(30)) == pytest.approx(0, abs=1e-7)


@pytest.mark.parametrize("schedule", ["constant", "cosine", "linear"])
def test_the_rise_is_a_line_that_begins_above_zero_and_ends_at_the_rate(schedule):
    risen = rates(schedule, 0.25)
    assert risen[:5] == pytest.approx(0.1 * np.arange(1, 6) / 5, abs=1e-7)
    assert risen[5] == pytest.approx(0.1)
    assert rates("constant", 0.25)[5:] == pytest.approx(0.1)
    assert (np.diff(risen[5:]) <= 1e-9).all()


def test_a_course_is_written_and_read_by_keras():
    course = Course(0.1, 20, "cosine", 0.25)
    again = Course.from_config(course.get_config())
    assert [float(again(step)) for step in (0, 7, 19)] == [float(course(step)) for step in (0, 7, 19)]


def test_neutral_levels_are_keras_s_own_optimizer():
    optimizer = make_optimizer(PLAIN, 7)
    config = keras.optimizers.Adam(0.1, epsilon=EPSILON / 10).get_config()
    assert {k: v for k, v in optimizer.get_config().items() if k != "name"} == {
        k: v for k, v in config.items() if k != "name"
    }


@pytest.mark.parametrize(
    ("changes", "key", "value"),
    [
        ({"weight_decay": 0.01}, "weight_decay", 0.01), ({"clip_norm": 2.0}, "global_clipnorm", 2.0),
        ({"ema": 0.9}, "ema_momentum", 0.9), ({"ema": 0.9}, "use_ema", True),
        ({"optimizer": "adamw"}, "weight_decay", 0.004), ({"optimizer": "rmsprop"}, "epsilon", EPSILON / 100),
        ({"optimizer": "momentum"}, "nesterov", True), ({"optimizer": "sgd"}, "momentum", 0.0),
    ],
)  # fmt: skip
def test_a_level_is_what_keras_is_told(changes, key, value):
    assert make_optimizer(replace(PLAIN, **changes), 7).get_config()[key] == pytest.approx(value)


def test_a_course_spans_all_steps_of_all_epochs():
    course = make_optimizer(replace(PLAIN, schedule="cosine"), 7)._learning_rate
    assert (course.steps, course.lr) == (35, 0.1)

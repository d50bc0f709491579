"""A metric of an extension as the worker computes it: its number, or what is wrong."""

import lab
import numpy as np
import pytest

from bloodstudy.config.extension import source
from bloodstudy.config.extension.known import become
from bloodstudy.training.assignment import MetricAssignment
from bloodstudy.training.events import MetricBegun, MetricEnded
from bloodstudy.training.metric import compute

LABELS = np.array([0, 1, 1, 0])
PROBABILITIES = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.7, 0.3]])


@pytest.fixture(autouse=True)
def undone(monkeypatch):
    """Leave this process as it was: a worker ends with its extensions."""
    monkeypatch.setattr(source, "allow_installed_alone", lambda: None)
    yield
    become([])


def ask(folder, lines):
    body = "".join(f"    {line}\n" for line in lines)
    text = f'import bloodstudy as bs\n@bs.metric("own")\ndef own(probabilities, labels):\n{body}'
    packed = lab.describe_here(lab.write(folder, text)).pack()
    events = []
    return compute(MetricAssignment("own", PROBABILITIES, LABELS, (packed,)), events.append), events


def test_it_is_given_probabilities_and_labels(tmp_path):
    lines = ["return float((probabilities.argmax(axis=1) == labels).mean())"]
    assert ask(tmp_path, lines) == (MetricEnded(0.75), [MetricBegun()])


@pytest.mark.parametrize("value", ["-1", "1", "__import__('numpy').float32(0.5)", "__import__('numpy').mean(labels)"])
def test_every_kind_of_number_from_minus_one_to_one_is_one(tmp_path, value):
    ended, _ = ask(tmp_path, [f"return {value}"])
    assert ended.problem == ""
    assert type(ended.value) is float


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["1 / 0"], "raised ZeroDivisionError: division by zero; expected a number from -1 to 1"),
        (["import sys", "sys.exit(3)"], "raised SystemExit: 3; expected a number from -1 to 1"),
        (["return None"], "returned None; expected a number from -1 to 1"),
        (["return True"], "returned True; expected a number from -1 to 1"),
        (["return '0.5'"], "returned '0.5'; expected a number from -1 to 1"),
        (["return probabilities[0]"], "returned array([0.9, 0.1]); expected a number from -1 to 1"),
        (["return float('nan')"], "returned nan; expected a number from -1 to 1"),
        (["return float('inf')"], "returned inf; expected a number from -1 to 1"),
        (["return 97.5"], "returned 97.5; expected a number from -1 to 1"),
        (["import os", "os.write(1, b'low')", "return 0.5"], "printed 'low'; expected silence"),
    ],
)
def test_what_is_no_number_is_said_in_words(tmp_path, lines, says, capfd):
    ended, _ = ask(tmp_path, lines)
    assert (ended.value, ended.problem) == (None, says)
    assert capfd.readouterr().out == ""


def test_nothing_that_it_leaves_in_its_module_is_found_by_the_next(tmp_path):
    lines = ["global seen", "seen = globals().get('seen', 0) + 1", "return seen / 10"]
    assert [ask(tmp_path, lines)[0].value for _ in range(2)] == [0.1, 0.1]

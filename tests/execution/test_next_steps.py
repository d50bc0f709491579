"""The commands that a run proposes: they can be typed as they stand, and carry what the user typed."""

import shlex
from dataclasses import replace

import pytest
from records import plan_of

from bloodstudy.cli import compose
from bloodstudy.cli.launch import read_arguments
from bloodstudy.execution import next_steps

OWN = ["data=folder", "data.root='my cells'", "epochs=3", "image_size=[24,32]", "hydra/launcher=joblib"]


@pytest.fixture
def propose(tmp_path, capsys):
    """Return a function that prints what comes after a command; it returns the proposed commands."""

    def propose(*words, trials=2):
        request = compose.check([word for word in words if word != "-m"], "-m" in words)
        command = shlex.join(["python", "-m", "bloodstudy.run", *words])
        plan = replace(plan_of({"trials": [{"key": "a", "arm": "a"}]}), command=command)
        next_steps.print_next(tmp_path / request.name, trials, plan, request)
        return [line.strip().split("  ")[0] for line in capsys.readouterr().out.partition("next:")[2].splitlines()[1:]]

    return propose


def read(proposed):
    typed = read_arguments(shlex.split(proposed)[3:])
    return compose.check(typed.overrides, typed.multirun)


def test_a_sweep_goes_on_to_more_seeds_with_all_that_was_typed(propose):
    run, report, _ = propose("-m", "name=rates", "lr=0.1,0.01", *OWN)
    request = read(run)
    assert (request.name, request.swept) == ("rates", {"lr": (0.1, 0.01), "seed": (0, 1, 2)})
    assert request.hydras == ("hydra/launcher=joblib",)
    assert {(job.settings.data.root, job.settings.factors.epochs) for job in request.jobs} == {("my cells", 3)}
    assert report.startswith("python -m bloodstudy.report study=rates")


def test_more_seeds_hold_the_one_that_was_typed(propose):
    assert read(propose("-m", "lr=0.1,0.01", "seed=5")[0]).swept["seed"] == (5, 6, 7)


def test_a_sweep_over_seeds_proposes_no_seeds(propose):
    assert propose("-m", "lr=0.1,0.01", "seed=0,1")[0].startswith("python -m bloodstudy.report")


def test_one_trial_goes_on_to_a_sweep_of_its_own_with_all_that_was_typed(propose):
    request = read(propose("lr=0.1", "name=first", *OWN[:-1], trials=1)[0])
    assert (request.name, request.swept) == ("scratch", {"lr": (0.01, 0.001, 0.0001)})
    assert {(job.settings.data.root, job.settings.factors.epochs) for job in request.jobs} == {("my cells", 3)}


def test_the_report_is_looked_for_where_results_and_reports_were_put(propose, tmp_path):
    report = propose("-m", "lr=0.1,0.01", "seed=0,1", "reports_dir='my reports'")[0]
    assert shlex.split(report)[3:] == [f"runs_dir={tmp_path}", "reports_dir='my reports'"]

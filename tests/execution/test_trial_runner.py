"""What an attempt takes over from the ones before it, through the real command."""

import os
import shutil
import signal
from pathlib import Path

import harness
import pytest
from harness import rewrite

import bloodstudy
from bloodstudy import files
from bloodstudy.cli import compose
from bloodstudy.errors import UserError
from bloodstudy.execution import datasets, planner, trial_runner
from bloodstudy.execution.job import Job, JobTrial
from bloodstudy.execution.job_process import JobProcess

KILLER = Path(__file__).parent.parent / "faults" / "killer"
TYPED = [
    "epochs=3", "image_size=[16,16]", "depth=2", "batch_size=4", "data.photographs=2", "data.copies=2",
    "cache_dir=cache",
]  # fmt: skip


def run(folder, package, *words, **environment):
    """Run the command of the sources in `package`; return its exit code and what it said."""
    path = f"{KILLER}{os.pathsep}{package.parent}"
    process = harness.start(folder, "run", *TYPED, *words, PYTHONPATH=path, **environment)
    return process.wait(timeout=300), (folder / "said.txt").read_text()


@pytest.mark.slow
def test_a_trial_is_not_gone_on_from_by_other_code_nor_by_a_retry(tmp_path):
    ours = Path(bloodstudy.__file__).parent
    edited = tmp_path / "edited" / "bloodstudy"
    shutil.copytree(ours, edited, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ours.parent / "conf", edited.parent / "conf")
    with (edited / "model" / "blocks.py").open("a") as source:
        source.write("\n# A comment is an edit too: nobody can tell which of them matter.\n")

    fault = {"BLOODSTUDY_FAULT": "killgroup:after-rename:state-:2"}
    assert run(tmp_path, ours, **fault)[0] == -signal.SIGKILL
    (trial,) = (path.parent for path in tmp_path.glob("runs/scratch/*/attempts.json"))
    code, said = run(tmp_path, edited, **fault)
    assert code == 2, said
    assert list(trial.glob("state-*")), "what was trained stays"

    code, said = run(tmp_path, ours)
    assert code == 0, said
    assert "going on after epoch 2" in said
    result = files.read_json(trial / "result.json")
    assert (result["cost"]["attempts"], result["cost"]["resumed_after"]) == (2, 2)
    assert not list(trial.glob("state-*"))

    rewrite(trial / "result.json", outcome="failed", reason="planted")
    (trial / "state-0.npz").write_text("left by a kill between the result and the clearing of the states")
    code, said = run(tmp_path, ours, "retry=failed")
    assert code == 0, said
    assert "warning" not in said
    assert "going on" not in said
    assert files.read_json(trial / "result.json")["prediction_hash"] == result["prediction_hash"]


def test_images_that_changed_after_the_plan_are_refused(small, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    typed = ["data=folder", f"data.root={small}", "cache_dir=cache", "image_size=[8,8]", "depth=2", "precision=float32"]
    request = compose.check(typed, False)
    (trial,) = planner.make_plan(request, typed, tmp_path / "runs").requested
    (small / "train/A/000.jpg").unlink()
    datasets.forget_data()  # the job is in another process
    job = Job("scratch", (JobTrial(request.jobs[0].settings, trial.arm, trial.key),), 1)
    with pytest.raises(UserError, match=f"holds trial {trial.key}, and they lead to .* Leave the folder alone"):
        trial_runner.attempt(job, JobProcess())
    assert not (tmp_path / "runs").exists()

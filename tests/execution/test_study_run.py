"""A run up to the point where something would be trained; tests/test_run.py trains."""

import pytest
from records import result_of

from bloodstudy.cli import compose
from bloodstudy.errors import UserError
from bloodstudy.execution import planner, study_run


def test_finished_trials_of_other_code_are_said_or_refused(small, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    typed = ["data=folder", f"data.root={small}", "cache_dir=cache", "image_size=[8,8]", "depth=1", "precision=float32"]
    (trial,) = planner.make_plan(compose.check(typed, False), typed, tmp_path / "runs").requested
    factors, cost = {"lr": 0.1, "precision": "float32", "seed": 0}, {"wall_seconds": 1.0, "attempts": 1}
    result = result_of({"outcome": "diverged", "reason": "planted", "code": "0" * 16, "factors": factors, "cost": cost})
    result.write(tmp_path / "runs/scratch" / trial.key)
    refusing = [*typed, "on_code_change=refuse"]
    with pytest.raises(UserError, match=r"on_code_change=refuse: 1 of 1 .*by other code.*retry=all"):
        study_run.carry_out(compose.check(refusing, False), refusing, False)
    planning = [*typed, "plan_only=true"]
    assert study_run.carry_out(compose.check(planning, False), planning, False) == 0
    text = capsys.readouterr().out
    assert "warning: 1 of 1 trials were trained by other code of bloodstudy than this" in text
    assert "nothing to train" in text
    assert not (tmp_path / "runs/scratch/plan.yaml").exists()

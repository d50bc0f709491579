"""A run up to the point where something would be trained; tests/test_run.py trains."""

import pytest
from records import result_of

from bloodstudy.cli import compose
from bloodstudy.errors import UserError
from bloodstudy.execution import planner, study_run


def test_beside_finished_trials_of_other_code_no_other_is_trained(small, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    typed = ["data=folder", f"data.root={small}", "cache_dir=cache", "image_size=[8,8]", "depth=1", "precision=float32"]
    (trial,) = planner.make_plan(compose.check(typed, False), typed, tmp_path / "runs").requested
    factors, cost = {"lr": 0.1, "precision": "float32", "seed": 0}, {"wall_seconds": 1.0, "attempts": 1}
    result = result_of({"outcome": "diverged", "reason": "planted", "code": "0" * 16, "factors": factors, "cost": cost})
    result.write(tmp_path / "runs/scratch" / trial.key)
    planning = [*typed, "plan_only=true"]
    assert study_run.carry_out(compose.check(planning, False), planning, False) == 0
    text = capsys.readouterr().out
    assert f"warning: 1 of 1 trials were trained with code {'0' * 16}" in text
    assert "nothing to train" in text
    more = [*typed, "seed=0,1"]
    with pytest.raises(UserError, match=r"on_code_change=refuse: 1 of 2 .*with code 0{16}.*retry=all"):
        study_run.carry_out(compose.check(more, True), more, True)

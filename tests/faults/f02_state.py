"""F02: kill -9 at every step of writing a state, and states damaged since: weights never meet another epoch."""

import signal


def test_a_kill_at_any_step_of_the_write_costs_that_epoch_at_most(study, twin):
    begun = 0
    for point, write, saved in [
        ("before-write", 3, 2), ("after-write", 2, 3), ("before-rename", 2, 4), ("after-rename", 2, 6),
    ]:  # fmt: skip
        code, said = study.run(BLOODSTUDY_FAULT=f"killgroup:{point}:state-:{write}")
        assert code == -signal.SIGKILL, said
        assert ("going on after" in said) == (begun > 0)
        assert f"going on after epoch {begun} of 10" in said or begun == 0
        assert "warning" not in said
        assert len(study.newest_rows) == saved
        halves, expected = list(study.trial.glob(".state-*")), 0 if point == "after-rename" else 1
        assert len(halves) == expected, "the write was under way, and what an earlier kill left is gone"
        begun = saved
    said = study.finish()
    assert "going on after epoch 6 of 10" in said
    study.assert_numbers_of(twin)
    assert study.result["cost"]["attempts"] == 5
    assert study.runs == ["FINISHED"]
    assert sorted(path.name for path in study.trial.glob("*state*")) == []


def truncate(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip_a_weight(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_a_damaged_state_costs_an_epoch_and_both_cost_the_trial(study, twin):
    """Each attempt dies after its writes; then one generation, the newest or the older, or both are damaged."""
    older, newest = 0, 1
    going_on, writes = "", 4
    for damages, then in [
        ([(newest, truncate)], "the trial goes on after epoch 3"),
        ([(newest, flip_a_weight)], "the trial goes on after epoch 4"),
        ([(older, flip_a_weight)], "the trial goes on after epoch 6"),
        ([(older, truncate), (newest, flip_a_weight)], "the trial starts again with epoch 1"),
    ]:
        code, said = study.run(BLOODSTUDY_FAULT=f"killgroup:after-rename:state-:{writes}")
        assert code == -signal.SIGKILL, said
        assert said.count("warning") == bool(going_on)
        assert going_on in said
        kept = study.generations
        for which, damage in damages:
            damage(kept[which])
        going_on, writes = then, 2
    said = study.finish()
    assert said.count("warning") == 1
    assert going_on in said
    study.assert_numbers_of(twin)
    assert study.result["cost"]["attempts"] == 5
    assert study.result["cost"]["resumed_after"] == 0
    assert study.runs == ["FINISHED"]

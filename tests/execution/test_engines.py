"""What engine=auto stands for: one engine for all trials of a command, and the plan's for a study that goes on."""

import pytest

from bloodstudy import files
from bloodstudy.cli import compose
from bloodstudy.errors import UserError
from bloodstudy.execution import engines, planner

STUDY = (
    "title: Small\ndata: smear\nquestions: [pools]\nseeds: 2\n"
    "reference: {epochs: 1, image_size: [24, 32], data.photographs: 2, data.copies: 2}\n"
)
POOLS = "sentence: Pooling?\nfactor: pooling\nlevels: [max, average]\n"


@pytest.fixture
def settle(tmp_path, cache, monkeypatch):
    """Return a function that settles the engine of a command on a machine with a card, or without."""
    monkeypatch.chdir(tmp_path)
    files.write_text(tmp_path / "conf/question/pools.yaml", POOLS)
    files.write_text(tmp_path / "conf/study/small.yaml", STUDY)

    def settle(*words, card=False):
        monkeypatch.setattr(engines, "has_card", lambda: card)
        request = compose.check([*words, f"cache_dir={cache}"], True)
        return engines.settle(request, tmp_path / "runs")

    return settle


def engines_of(request):
    return {job.settings.factors.engine for job in request.jobs}


@pytest.mark.parametrize(("words", "card", "chosen", "reason"), [
    (("engine=auto", "lr=1e-2,1e-3"), False, "tensorflow", "there is no graphics card for JAX"),
    (("engine=auto", "lr=1e-2,1e-3"), True, "jax", "there is a graphics card for JAX"),
    (("engine=auto", "ema=0,0.9"), True, "tensorflow", "ema: engine=jax does not train 0.9"),
])  # fmt: skip
def test_all_trials_of_a_command_have_one_engine_and_it_is_said(settle, capsys, words, card, chosen, reason):
    assert engines_of(settle(*words, card=card)) == {chosen}
    said = capsys.readouterr().out
    assert f"engine=auto: {chosen} (" in said
    assert reason in said


def test_an_engine_that_was_named_is_kept_in_silence(settle, capsys):
    assert engines_of(settle("engine=tensorflow,jax", card=True)) == {"tensorflow", "jax"}
    assert capsys.readouterr().out == ""


def test_auto_is_not_compared_with_another(settle):
    with pytest.raises(UserError, match="engine=auto: no engine to compare"):
        settle("engine=auto,jax")


def test_a_study_goes_on_with_the_engine_of_its_plan(settle, tmp_path):
    request = settle("study=small", "engine=auto", card=True)
    plan = planner.make_plan(request, ["-m", "study=small", "engine=auto"], tmp_path / "runs").content
    plan.write(tmp_path / "runs/small")
    elsewhere = settle("study=small", "engine=auto", card=False)
    assert engines_of(elsewhere) == {"jax"}
    again = planner.make_plan(elsewhere, ["-m", "study=small", "engine=auto"], tmp_path / "runs").content
    assert again.keys == plan.keys

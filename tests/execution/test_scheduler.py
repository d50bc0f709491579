"""What is left to launch, and what comes back from jobs."""

from dataclasses import replace

import pytest
from records import plan_of

from bloodstudy.config import schema
from bloodstudy.errors import MachineError, UserError
from bloodstudy.execution.job import Job, JobEnd, JobTrial, TrialEnd
from bloodstudy.execution.scheduler import Scheduler, current, serve
from bloodstudy.study.outcome import Outcome


def ended(*outcomes):
    """Return what a job returns whose trials ended so."""
    return JobEnd(tuple(TrialEnd(outcome) for outcome in outcomes))


DONE = ended(Outcome.FINISHED)
TRIALS = [
    {"key": f"{arm}{seed}", "arm": f"arm {arm}", "seed": seed, "judged": "official"} for seed in (0, 1) for arm in "abc"
]
TRIALS.insert(1, TRIALS[0] | {"judged": "official_clean"})  # the same training, judged in another way
PLAN = plan_of({"study": "small", "questions": [{"name": "q"}], "trials": TRIALS})
SETTINGS = schema.settings(schema.defaults())


@pytest.fixture
def schedule(tmp_path):
    """Return a function that makes the scheduler of some of the planned trials."""
    settings = {(trial["key"], trial["judged"]): SETTINGS for trial in TRIALS}
    return lambda *keys: Scheduler(PLAN, settings, set(keys), tmp_path)


def test_a_job_is_given_its_planned_trial(schedule):
    scheduler = schedule("a0", "b0")
    ((first, _),) = scheduler.portions()
    assert scheduler.overrides(first) == [Job("small", (JobTrial(SETTINGS, "arm a", "a0"),), of=2).as_override()]


def test_the_sweeper_asks_the_scheduler_of_the_last_command(schedule):
    for scheduler in (schedule("a0"), schedule("b0")):
        serve(scheduler)
        assert current() is scheduler


@pytest.mark.parametrize(
    ("keys", "blocks"), [(["a0", "c0", "b1"], [["a0", "c0"], ["b1"]]), (["b1"], [["b1"]]), ([], [])]
)
def test_each_wanted_trial_is_launched_once_seed_by_seed(schedule, keys, blocks):
    assert [[trial.key for (trial,) in block] for block in schedule(*keys).portions()] == blocks


def test_the_trials_of_one_engine_are_launched_one_after_another(tmp_path):
    jax = replace(SETTINGS, factors=replace(SETTINGS.factors, engine="jax"))
    plain = replace(SETTINGS, factors=replace(SETTINGS.factors, engine="tensorflow"))
    settings = {(trial["key"], trial["judged"]): jax if trial["key"][0] == "b" else plain for trial in TRIALS}
    scheduler = Scheduler(PLAN, settings, {"a0", "b0", "c0", "a1", "b1"}, tmp_path)
    blocks = [[trial.key for (trial,) in block] for block in scheduler.portions()]
    assert blocks == [["b0", "a0", "c0"], ["b1", "a1"]]


@pytest.mark.parametrize("kind", [UserError, MachineError])
def test_a_fault_of_one_job_stops_the_sweep(schedule, kind):
    scheduler = schedule("a0", "b0")
    (block,) = scheduler.portions()
    assert not scheduler.collect(block, [DONE, JobEnd(fault=(kind.__name__, "why"))])
    assert type(scheduler.fault) is kind
    assert str(scheduler.fault) == "why"


def test_a_block_in_which_all_die_is_the_last_one(schedule):
    scheduler = schedule("a0", "b0", "c0")
    (block,) = scheduler.portions()
    deaths = [ended(outcome) for outcome in (Outcome.FAILED, Outcome.OUT_OF_MEMORY, Outcome.FAILED)]
    assert scheduler.collect(block, [*deaths[:2], DONE])
    assert not scheduler.collect(block, deaths)
    assert "all 3 jobs of a block have died (failed, out_of_memory)" in str(scheduler.fault)


def test_results_of_a_machine_without_our_folder_are_put_into_it(schedule, tmp_path):
    scheduler = schedule("a0")
    (block,) = scheduler.portions()
    carried = {"history.csv": b"epoch\n1\n", "result.json": b"{}", "../escape": b"x"}
    assert scheduler.collect(block, [JobEnd((TrialEnd(Outcome.FINISHED, carried),))])
    assert sorted(path.name for path in (tmp_path / "a0").iterdir()) == ["history.csv", "result.json"]
    assert not (tmp_path / "escape").exists()


def test_what_trains_elsewhere_is_told(schedule, capsys):
    scheduler = schedule("a0")
    (block,) = scheduler.portions()
    assert scheduler.collect(block, [ended(Outcome.IN_PROGRESS)])
    assert capsys.readouterr().out == "arm a, seed 0: in progress elsewhere\n"


def test_what_fails_in_a_study_is_trained_once_more_in_its_repetition(schedule, monkeypatch):
    scheduler = schedule("a0", "b0", "a1")
    scheduler._plan = replace(PLAN, design="fixed", looks=[2])
    portions = scheduler.portions()
    first = next(portions)
    scheduler.collect(first, [DONE, ended(Outcome.FAILED)])
    again = next(portions)
    assert [trial.key for (trial,) in again] == ["b0"]
    assert "retry: failed" in scheduler.overrides(again[0])[0].replace('"', "").replace("\\", "")
    scheduler.collect(again, [ended(Outcome.FAILED)])
    assert [[trial.key for (trial,) in portion] for portion in portions] == [["a1"]]


@pytest.fixture
def fused(tmp_path):
    """Return a function that makes the scheduler of a plan that trains side by side, of which some are wanted.

    Arm b has another rate, arm c another network.
    """
    changes = {"a": {}, "b": {"lr": 0.1}, "c": {"width": 2.0}}

    def settings_of(trial):
        factors = replace(SETTINGS.factors, engine="fused", seed=trial["seed"], **changes[trial["key"][0]])
        return replace(SETTINGS, factors=factors, control=replace(SETTINGS.control, together=3))

    settings = {(trial["key"], trial["judged"]): settings_of(trial) for trial in TRIALS}
    return lambda plan, *keys: Scheduler(plan, settings, set(keys), tmp_path)


def test_what_is_trained_side_by_side_is_of_one_network_and_of_all_repetitions_up_to_a_look(fused):
    every = [trial["key"] for trial in TRIALS]
    (jobs,) = fused(PLAN, *every).portions()
    assert [[trial.key for trial in job] for job in jobs] == [["a0", "b0", "a1"], ["b1"], ["c0", "c1"]]
    looks = replace(PLAN, design="fixed", looks=[1, 2])
    scheduler = fused(PLAN, *every)
    scheduler._plan = looks
    keys = [[[trial.key for trial in job] for job in jobs] for jobs in scheduler.portions()]
    assert keys == [[["a0", "b0"], ["c0"]], [["a1", "b1"], ["c1"]]]


def test_a_job_that_goes_on_is_of_the_size_it_had(fused):
    (jobs,) = fused(PLAN, "a1", "c0").portions()
    assert [[trial.key for trial in job] for job in jobs] == [["a0", "b0", "a1"], ["c0", "c1"]]

"""What a plan will cost, from finished trials and from probes that really train some batches."""

import pytest
from records import result_of

from bloodstudy import files
from bloodstudy.cli import compose
from bloodstudy.execution import cost_estimate, datasets
from bloodstudy.execution.job_process import JobProcess
from bloodstudy.training.precision import processor
from bloodstudy.training.worker import THREADS, WorkerDiedError

TINY = ["data.photographs=2", "data.copies=3", "image_size=[24,32]", "depth=2", "batch_size=4", "precision=float32"]


def make(cache, *more):
    (job,) = compose.check([*TINY, *more, f"cache_dir={cache}"], False).jobs
    images = datasets.load_data(job.settings)
    return datasets.make_trial(job.settings, images, "scratch", more[-1]), images


@pytest.fixture
def trials(tmp_path, cache, monkeypatch):
    """Trials of three arms on real images: the second has other rates, the third another network."""
    monkeypatch.chdir(tmp_path)
    return [make(cache, *more) for more in (["epochs=2"], ["epochs=4", "lr=0.1", "seed=3"], ["epochs=2", "width=2"])]


@pytest.fixture
def process():
    """A process whose worker really trains."""
    process = JobProcess()
    yield process
    process.close()


def test_what_was_probed_before_an_interruption_is_kept(trials, tmp_path, monkeypatch, process):
    probed = cost_estimate.probe

    def interrupt(trial, *rest):
        if trial is trials[2][0]:
            raise KeyboardInterrupt
        return probed(trial, *rest)

    monkeypatch.setattr(cost_estimate, "probe", interrupt)
    with pytest.raises(KeyboardInterrupt):
        cost_estimate.estimate(trials, tmp_path, process)
    assert len(files.read_json(tmp_path / "probes.json")) == 1


class Refusing(JobProcess):
    def take_worker(self, engine="tensorflow", uses=()):
        pytest.fail("nothing is to be probed")


class Dying(JobProcess):
    def take_worker(self, engine="tensorflow", uses=()):
        raise WorkerDiedError(-9)


def test_an_arm_is_probed_once_however_many_rates_and_epochs_it_is_trained_with(trials, tmp_path, process):
    estimate = cost_estimate.estimate(trials, tmp_path, process)
    assert (estimate.finished, estimate.probed, estimate.unknown) == (0, 3, 0)
    probes = files.read_json(tmp_path / "probes.json")
    assert len(probes) == 2
    seconds = [estimate.seconds[trial.key] for trial, _ in trials]
    assert seconds[1] > seconds[0] > cost_estimate.OUTSIDE_S
    assert 100 < estimate.memory_mb < 10_000
    assert cost_estimate.estimate(trials, tmp_path, Refusing()) == estimate, "what was probed is kept"
    assert "from some batches of 3 arms" in estimate.describe()


def test_an_arm_of_jax_is_probed_by_the_program_that_would_train_it(cache, tmp_path, monkeypatch, process):
    monkeypatch.chdir(tmp_path)
    trial, images = make(cache, "norm=batch", "engine=jax")
    estimate = cost_estimate.estimate([(trial, images)], tmp_path, process)
    assert estimate.probed == 1
    assert estimate.seconds[trial.key] > cost_estimate.OUTSIDE_S
    assert process.take_worker("jax").backend == "jax"


def plant(folder, trial, seconds, outcome="finished", **factors):
    """Write the result of a trial that was trained as `trial` is, but for `factors`."""
    cost = {"wall_seconds": seconds, "attempts": 1, "peak_memory_mb": 512.0, "threads": THREADS}
    result_of({
        "outcome": outcome, "model": trial.model, "factors": trial.factors.named | factors,
        "data": {"fingerprint": trial.data.fingerprint}, "processor": processor()[0], "cost": cost,
    }).write(folder / str(seconds))  # fmt: skip


def test_finished_trials_tell_best(trials, tmp_path):
    trial, _ = trials[0]
    plant(tmp_path, trial, 10.0, seed=7)
    plant(tmp_path, trial, 30.0, seed=8, lr=0.5)
    plant(tmp_path, trial, 99.0, outcome="failed")
    estimate = cost_estimate.estimate(trials[:1], tmp_path, Refusing())
    assert list(estimate.seconds.values()) == [20.0]
    assert estimate.describe() == (
        "about 20 s one after another on this machine (20 s a trial), 0.5 GiB for each process that trains; from "
        "finished trials of 1 arm"
    )


@pytest.mark.parametrize("other", [{"epochs": 9}, {"width": 0.5}, {"batch_size": 64}, {"dropout": 0.5}])
def test_finished_trials_that_took_other_work_tell_nothing_and_an_arm_that_cannot_be_probed_is_told(
    trials, tmp_path, other
):
    plant(tmp_path, trials[0][0], 1e6, **other)
    estimate = cost_estimate.estimate(trials[:1], tmp_path, Dying())
    assert (estimate.seconds, estimate.finished, estimate.unknown) == ({}, 0, 1)
    assert "no arm could be tried out (" in estimate.describe()
    assert "ended by SIGKILL" in estimate.describe(), "why it could not be tried out is told"


def test_a_trial_of_which_nothing_is_known_counts_as_the_mean_of_the_others(trials, tmp_path):
    plant(tmp_path, trials[0][0], 10.0)
    plant(tmp_path, trials[1][0], 30.0)
    estimate = cost_estimate.estimate(trials, tmp_path, Dying())
    assert [estimate.seconds[trial.key] for trial, _ in trials] == [10.0, 30.0, 20.0]
    assert (estimate.finished, estimate.unknown) == (2, 1)
    told = "1 arm could not be tried out and counts as the mean of the others (width=2: "
    assert "about 1 min 0 s" in estimate.describe()
    assert told in estimate.describe()

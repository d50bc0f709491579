"""What of Hydra's own options a run obeys, and what it refuses."""

import pytest

from bloodstudy.cli import compose
from bloodstudy.cli.launch import read_arguments
from bloodstudy.errors import UserError


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def problems(*words):
    with pytest.raises(UserError) as caught:
        check("-m", "lr=1e-2,1e-3", *words)
    return caught.value.problems


def check(*words):
    typed = read_arguments(list(words))
    return compose.check(typed.overrides, typed.multirun)


@pytest.mark.parametrize(("word", "told"), [
    ("--config-name=no_such_file", "--config-name: the configuration is bloodstudy's own"),
    ("--config-path=elsewhere", "--config-path: the configuration is"),
    ("--config-dir=elsewhere", "--config-dir: the configuration is"),
    ("--experimental-rerun=x", "--experimental-rerun: the same command, typed again, goes on"),
    ("--run", "--run and -m: expected one of them"),
    ("--resolve", "they show a part of --cfg job"),
    ("--package=lr", "they show a part of --cfg job"),
    ("hydra/sweeper=basic", "the sweeper is bloodstudy's own"),
    ("+hydra.sweeper.params.lr=1e-2,1e-3", "the sweeper has no parameters; type the levels"),
    ("hydra.sweeper.params.lr=1", "the sweeper has no parameters; type the levels"),
    ("hydra.mode=MULTIRUN", "write -m for a sweep"),
    ("hydra.run.dir=elsewhere", "runs_dir=FOLDER says where results go"),
    ("hydra.sweep.subdir=x", "runs_dir=FOLDER says where results go"),
    ("hydra.searchpath=[file://x]", "conf/ of this folder is searched already"),
    ("+hydra.job.env_set.TOKEN=hunter2", "set it in the environment of the command"),
    ("hydra.job.chdir=true", "of Hydra's own keys a run reads hydra/launcher and hydra.launcher alone"),
    ("+hydra.callbacks.x._target_=os.system", "configuration runs no code"),
    ("hydra.launcher.n_jobs=2", "no launcher is chosen"),
    ("+hydra.launcher.n_jobs=2", "no launcher is chosen"),
])  # fmt: skip
def test_what_would_be_ignored_is_refused_with_what_to_do(word, told):
    (said,) = problems(word)
    assert told in said


@pytest.mark.parametrize("plus", ["", "+"])
def test_an_option_that_the_launcher_does_not_have_is_refused_with_those_that_it_has(plus):
    (said,) = problems("hydra/launcher=joblib", f"{plus}hydra.launcher.n_job=2")
    assert "hydra/launcher=joblib has no option 'n_job'; expected one of backend, batch_size" in said
    assert said.endswith("Did you mean 'n_jobs'?")


@pytest.mark.parametrize("words", [
    ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"],
    ["hydra.launcher.ray.remote.num_cpus=4", "hydra/launcher=ray_cluster"],
    ["hydra/launcher=slurm", "+hydra.launcher.additional_parameters.exclusive=true"],
    ["hydra.verbose=true"],
])  # fmt: skip
def test_what_is_obeyed_is_accepted(words):
    assert len(check("-m", "lr=1e-2,1e-3", *words).jobs) == 2


def test_the_advice_of_each_refusal_is_accepted():
    for words in (["-m", "lr=1e-2,1e-3"], ["runs_dir=elsewhere"], ["-m", "lr=1,2", "hydra/launcher=joblib"]):
        assert check(*words).jobs

"""Studies and questions: planned, trained seed by seed, gone on with, packaged and taken up elsewhere."""

import shutil
import signal

import pytest
import yaml
from harness import call, finish, give_store, kill, results, start, wait_for

from bloodstudy import files
from bloodstudy.cli import compose
from bloodstudy.config.yaml_files import conf_folder
from bloodstudy.study.question import read_question, read_study

STUDY = """\
title: A tiny study
data: smear
reference: {data.photographs: 2, data.copies: 2, image_size: [24, 32], epochs: 1, depth: 2, precision: float32}
questions: [pools, drops]
seeds: 2
"""
POOLS = "sentence: Does pooling matter?\nfactor: pooling\nlevels: [average]\n"
DROPS = "sentence: Does dropout matter?\narms: {half: {dropout: 0.5}, average: {pooling: average}}\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("study")
    give_store(root)
    for name, text in (("study/tiny", STUDY), ("question/pools", POOLS), ("question/drops", DROPS)):
        files.write_text(root / "conf" / f"{name}.yaml", text)
    return root


@pytest.fixture(scope="module")
def trained(folder):
    """The study after a first command for one seed and a second one for all."""
    words = ("-m", "study=tiny", f"cache_dir={folder / 'cache'}")
    planned = call(folder, "run", *words, "plan_only=true")
    untouched = not (folder / "runs/tiny/plan.yaml").exists()
    first = call(folder, "run", *words, "seeds=1")
    second = call(folder, "run", *words)
    return folder, planned, untouched, first, second


def test_the_plan_alone_trains_nothing_and_says_what_it_would_cost(trained):
    _, planned, untouched, _, _ = trained
    assert planned.returncode == 0, planned.stderr
    assert untouched
    assert "Does dropout matter?" in planned.stdout
    assert "pooling=average" in planned.stdout
    assert "6 trials: 0 finished earlier, 6 to train" in planned.stdout
    assert "one after another on this machine" in planned.stdout


def test_arms_that_two_questions_share_are_trained_once(trained):
    folder, _, _, first, second = trained
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert "3 trials: 0 finished earlier, 3 to train" in first.stdout
    assert "6 trials: 3 finished earlier, 3 to train" in second.stdout
    plan = yaml.safe_load((folder / "runs/tiny/plan.yaml").read_text())
    assert plan["questions"][1]["arms"] == ["reference", "pooling=average", "half"]
    trials = results(folder, "tiny")
    assert sorted((result["arm"], result["factors"]["seed"]) for result in trials) == [
        ("half", 0), ("half", 1), ("pooling=average", 0), ("pooling=average", 1), ("reference", 0), ("reference", 1),
    ]  # fmt: skip
    assert {result["study"] for result in trials} == {"tiny"}
    assert {result["cost"]["attempts"] for result in trials} == {1}


def test_one_line_a_trial_and_the_time_left(trained):
    _, _, _, _, second = trained
    lines = [line for line in second.stdout.splitlines() if line.startswith("[") and "test" in line]
    assert [line.split("]")[0] for line in lines] == ["[4/6", "[5/6", "[6/6"]
    assert "left" in lines[0]
    assert "left" not in lines[2]


def test_the_same_command_again_trains_nothing(trained):
    folder, *_ = trained
    again = finish(folder, "run", "-m", "study=tiny", f"cache_dir={folder / 'cache'}")
    assert "6 trials: 6 finished earlier, 0 to train" in again


def test_a_packaged_study_goes_on_elsewhere(trained, tmp_path):
    folder, *_ = trained
    archive = tmp_path / "tiny.zip"
    finish(folder, "package", "study=tiny", f"to={archive}")
    shutil.copytree(folder / "conf", tmp_path / "conf")
    give_store(tmp_path)
    words = ("-m", "study=tiny", f"restore={archive}", f"cache_dir={folder / 'cache'}")
    said = finish(tmp_path, "run", *words, "seeds=3")
    assert "restored 6 of 6 packaged trials" in said
    assert "9 trials: 6 finished earlier, 3 to train" in said
    assert "changed after the first plan: seeds: [0, 1] became [0, 1, 2]" in said
    finish(tmp_path, "package", f"restore={archive}", "runs_dir=there")
    assert len(list(tmp_path.glob("there/tiny/*/result.json"))) == 6
    wrong = call(tmp_path, "run", "-m", "lr=1e-2,1e-3", f"restore={archive}")
    assert wrong.returncode == 2
    assert "is a package of the study tiny; expected one of scratch" in wrong.stderr


def test_a_question_alone_is_trained_and_reported(folder):
    setting = "{data.photographs: 2, data.copies: 2, image_size: [24, 32], epochs: 1}"
    (folder / "conf/question/alone.yaml").write_text(POOLS + f"common: {setting}\nseeds: 2\n")
    finish(folder, "run", "-m", "question=alone", f"cache_dir={folder / 'cache'}")
    assert len(list(folder.glob("runs/scratch/*/result.json"))) == 4
    finish(folder, "report")
    report = (folder / "reports/scratch/report.md").read_text()
    assert "## 1. Does pooling matter?" in report
    assert "question=alone" in report


@pytest.mark.slow
def test_a_killed_study_goes_on_where_it_was(folder):
    words = ["-m", "study=tiny", "runs_dir=killed", f"cache_dir={folder / 'cache'}"]
    finished = lambda: len(list(folder.glob("killed/tiny/*/result.json")))  # noqa: E731
    process = start(folder, "run", *words)
    wait_for(lambda: finished() >= 2, 300, process)
    kill(process)
    assert process.returncode == -signal.SIGKILL
    assert 2 <= finished() < 6
    said = finish(folder, "run", *words)
    assert finished() == 6
    assert "0 finished earlier" not in said


@pytest.mark.parametrize("name", sorted(file.stem for file in (conf_folder() / "study").glob("*.yaml")))
def test_our_studies_can_be_planned(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    study = read_study(name)
    drawn = ("smoke", "engine")  # the others name smear, to be tried anywhere
    own = "smear" if name in drawn else "bccd" if name in ("bccd", "compact_claims") else "kaggle"
    sweep = compose.check([f"study={name}", f"data={own}"], multirun=True)
    arms = sweep.study.arms
    assert len(sweep.jobs) == len(arms) * sweep.design.planned * sweep.design.folds
    assert sweep.design.planned == (study.seeds or study.looks[-1])
    assert len({tuple(sorted(map(str, arm.levels.items()))) for arm in arms}) == len(arms)


@pytest.mark.parametrize("name", sorted(file.stem for file in (conf_folder() / "question").glob("*.yaml")))
def test_our_questions_can_be_asked(name):
    assert read_question(name).sentence.endswith("?")


def test_the_five_questions_are_those_of_the_study():
    study = read_study("five_questions")
    assert [read_question(name).sentence for name in study.questions] == [
        "Can the model be simplified and achieve comparable performance?",
        *(
            f"What is the influence of {factor} on training and testing performance?"
            for factor in ("the learning rate", "pooling", "dropout", "data augmentation")
        ),
    ]

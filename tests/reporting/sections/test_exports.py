"""The tables for other programs, blocks.csv against a recomputation in plain pandas."""

import io

import numpy as np
import pandas as pd
import pytest

import bloodstudy
from bloodstudy.analysis import analyse_study
from bloodstudy.errors import UserError
from bloodstudy.reporting.render.markdown import write_csv
from bloodstudy.reporting.sections.exports import escape, tabulate_effects, write_tables
from bloodstudy.study.question import Question

POOLS = Question("pools", "Which pooling?", factor="pooling", levels=("average",))
COLUMNS = ["arm", "reference", "questions", "role", "response", "blocks", "dead", "reference_dead", "effect", "low",
           "high", "at_least", "at_most", "these_low", "these_high", "scenes_low", "scenes_high", "margin", "verdict",
           "look", "not_worse", "not_worse_look"]  # fmt: skip


def test_a_row_is_a_comparison_and_a_response_in_fractions(analyse):
    analysis = analyse(POOLS, photographs=12)
    table = tabulate_effects(analysis).set_index("response")
    (comparison,) = analysis.comparisons
    row, told = table.loc["test_accuracy"], comparison.course.last.told
    assert list(table.reset_index()[COLUMNS].columns) == COLUMNS
    assert set(table.reset_index().columns) == set(COLUMNS)
    expected = [comparison.test.mean, told.low, told.high, told.at_least, told.at_most, *comparison.these]
    names = ["effect", "low", "high", "at_least", "at_most", "these_low", "these_high"]
    assert row[names].astype(float).tolist() == pytest.approx(expected, rel=1e-5)
    assert row[["scenes_low", "scenes_high"]].notna().all()
    assert (row["verdict"], row["look"]) == (comparison.verdict.text, 1)
    assert table.loc["train_accuracy", "verdict"] == ""
    assert table["at_least"].notna().sum() == 1


def test_a_trial_has_a_row_with_its_levels_and_responses(analyse):
    analysis = analyse(
        POOLS, seeds=2, folds=3, outcomes={("pooling=average", 4): "diverged", ("reference", 5): "missing"}
    )
    table = pd.read_csv(io.StringIO(write_tables(analysis)["trials.csv"]))
    trials = analysis.sweep.trials
    assert table["key"].tolist() == trials["key"].tolist()
    assert (table["seed"] == 3 * table["repetition"] + table["fold"]).all()
    assert table["train_accuracy"].to_numpy() == pytest.approx(
        trials["train_accuracy"].astype(float), nan_ok=True, rel=1e-5
    )
    ended = table.set_index(["arm", "seed"])
    assert (ended.loc[("pooling=average", 4), "outcome"], ended.loc[("reference", 5), "outcome"]) == (
        "diverged",
        "missing",
    )
    assert set(table["pooling"].dropna()) == {"max", "average"}
    assert not {"wall_seconds", "seed.1", "width"} & set(table)


def test_a_notebook_reads_the_same_frames(analyse, tmp_path):
    analysis = analyse(POOLS, seeds=2, folds=3)
    frames = bloodstudy.load_study("five_questions", tmp_path / "runs")
    written = write_tables(analysis)
    for name in ("trials", "effects", "blocks"):
        assert write_csv(getattr(frames, name)) == written[f"{name}.csv"]
    with pytest.raises(UserError, match="nothing"):
        bloodstudy.load_study("nothing", tmp_path / "runs")


def test_without_a_comparison_there_are_trials_alone(read_sweep):
    assert list(write_tables(analyse_study(read_sweep({"seed": [0, 1]})))) == ["trials.csv"]


def test_each_special_character_means_itself():
    assert escape("a_b & 5 % \\ {x}") == r"a\_b \& 5 \% \textbackslash{} \{x\}"


def read_blocks(analysis):
    return pd.read_csv(io.StringIO(write_tables(analysis)["blocks.csv"]))


def test_of_folds_there_is_a_row_a_trial_and_cell(analyse):
    analysis = analyse(POOLS, seeds=2, folds=3, outcomes={("pooling=average", 4): "diverged"})
    table = read_blocks(analysis)
    assert list(table) == ["arm", "repetition", "fold", "seed", "class", "scene", "n", "correct"]
    assert table.groupby(["arm", "seed"]).ngroups == 11
    assert (table["seed"] == 3 * table["repetition"] + table["fold"]).all()
    assert table["correct"].between(0, table["n"]).all()
    shares = table.assign(share=table["correct"]).groupby(["arm", "seed", "class"])[["correct", "n"]].sum()
    recalls = (shares["correct"] / shares["n"]).groupby(["arm", "seed"]).mean()
    for trial in analysis.sweep.trials[analysis.sweep.trials["outcome"] == "finished"].itertuples():
        assert recalls[trial.arm, trial.seed] == pytest.approx(analysis.sweep.score(trial.key, trial.judged).test)
    assert "blocks.csv" not in write_tables(analyse(POOLS))


@pytest.mark.parametrize("lost", [{}, {("pooling=average", 4): "diverged"}])
def test_plain_pandas_gets_the_effect_and_its_training_variance_from_the_blocks(analyse, lost):
    folds = 3
    analysis = analyse(POOLS, seeds=3, folds=folds, looks=[3], outcomes=lost, photographs=9, noise=2.0)
    (comparison,) = analysis.comparisons
    table = read_blocks(analysis)
    cell = ["repetition", "fold", "seed", "class", "scene", "n"]
    wide = table.pivot_table(index=cell, columns="arm", values="correct").reset_index().dropna()
    wide["d"] = (wide["pooling=average"] - wide["reference"]) / wide["n"]
    images = table.drop_duplicates(["class", "scene"]).set_index(["class", "scene"])["n"]
    weights = images / images.groupby("class").transform("sum")
    wide = wide.join(weights.rename("w"), on=["class", "scene"])
    sums = wide.assign(wd=wide["w"] * wide["d"]).groupby("class")[["wd", "w"]].sum()
    means = sums["wd"] / sums["w"]
    theta, classes = means.mean(), len(means)
    part = folds / classes * wide["w"] * (wide["d"] - wide["class"].map(means))
    contributions = theta + part.groupby([wide["repetition"], wide["fold"]]).sum()
    effect = comparison.course.last.effect
    assert len(contributions) == effect.blocks == 9 - len(lost)
    assert effect.effect == pytest.approx(theta, abs=1e-9)
    assert effect.training == pytest.approx(np.var(contributions, ddof=1) / len(contributions), abs=1e-9)


def test_the_table_for_latex_names_the_reference_where_there_are_several(analyse):
    high = Question("high", "At a high rate?", reference={"lr": 0.02}, factor="pooling", levels=("average",))
    lines = write_tables(analyse(POOLS, high))["effects.tex"].splitlines()
    header = next(line for line in lines if line.startswith("Arm"))
    assert header.startswith("Arm & Reference & Seeds & ")
    rows = [line.split(" & ")[:2] for line in lines if line.startswith(("pooling", "lr"))]
    assert rows == [["pooling=average", "reference"], ["lr=0.02, pooling=average", "lr=0.02"]]
    assert all(line.count(" & ") == header.count(" & ") for line in lines if " & " in line)
    assert "Reference" not in write_tables(analyse(POOLS))["effects.tex"]

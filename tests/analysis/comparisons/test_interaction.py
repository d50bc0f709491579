"""Differences of differences, from trials whose sums are known."""

from types import SimpleNamespace

import pandas as pd
import pytest
import yaml
from records import plan_of
from studies import fabricate_study

from bloodstudy.analysis import StudyResults, list_interactions, load_study
from bloodstudy.study.question import Question

TEST = {"reference": 0.70, "pooling=average": 0.66, "dropout=0.5": 0.74, "both": 0.78}  # -4, +4, and 8 beyond their sum
CELLS = {
    "reference": {"pooling": "max", "dropout": 0.0}, "pooling=average": {"pooling": "average", "dropout": 0.0},
    "dropout=0.5": {"pooling": "max", "dropout": 0.5}, "both": {"pooling": "average", "dropout": 0.5},
}  # fmt: skip


def sweep_of(outcomes=(), cells=CELLS, seeds=4):
    rows = []
    for seed in range(seeds):
        for arm, test in TEST.items():
            outcome = dict(outcomes).get((arm, seed), "finished")
            accuracy = test + 0.01 * seed + 0.002 * (arm == "both") * (seed % 2)
            row = {"key": f"{arm}{seed}", "arm": arm, "seed": seed, "judged": "official", "outcome": outcome}
            rows.append(row | {"train_accuracy": 0.9, "test_accuracy": accuracy, "accuracy_gap": 0.9 - accuracy})
    question = {"name": "together", "reference": "reference", "arms": list(TEST), "cells": cells}
    trials = pd.DataFrame(rows).sample(frac=1, random_state=1)
    # Accuracies over images are no part of it: those of the scores weigh each class alike.
    scores = {
        (row["key"], "official"): SimpleNamespace(train=0.9, test=row["test_accuracy"], dead=False) for row in rows
    }
    trials[["train_accuracy", "test_accuracy", "accuracy_gap"]] = 0.5
    predictions = dict.fromkeys(row["key"] for row in rows)
    return StudyResults(plan_of({"questions": [question]}), trials, {}, {}, predictions, scores=scores)


def test_what_both_changes_do_beyond_the_sum_of_each():
    (interaction,) = list_interactions(sweep_of(), range(4))
    assert (interaction.first, interaction.second) == (("pooling", "max", "average"), ("dropout", 0.0, 0.5))
    assert interaction.arms == ("reference", "pooling=average", "dropout=0.5", "both")
    assert interaction.points["test_accuracy"].tolist() == pytest.approx([0.08, 0.082, 0.08, 0.082])
    effect = interaction.effects["test_accuracy"]
    assert (effect.mean, effect.n) == (pytest.approx(0.081), 4)
    assert effect.low < 0.081 < effect.high
    assert interaction.effects["accuracy_gap"].mean == pytest.approx(-0.081)
    assert interaction.missing == ()


def test_a_seed_that_one_cell_lacks_is_told_and_in_no_effect():
    (interaction,) = list_interactions(sweep_of({("both", 2): "diverged"}), range(4))
    assert interaction.missing == (2,)
    assert interaction.effects["test_accuracy"].n == 3


def test_a_cell_at_chance_is_no_part_of_an_effect(tmp_path):
    block = {"pooling": ("max", "average"), "dropout": (0.0, 0.3)}
    question = Question("both", "Together?", factor="pooling", levels=("average",), factorial=block)
    outcomes = {("pooling=average, dropout=0.3", 2): "chance"}
    plan = fabricate_study(tmp_path, (question,), 6, planted={}, outcomes=outcomes)
    usual = {"pooling": "max", "dropout": 0.0}
    plan["questions"][0]["cells"] = {arm: usual | dict(content["levels"]) for arm, content in plan["arms"].items()}
    (tmp_path / "five_questions" / "plan.yaml").write_text(yaml.safe_dump(plan))
    (interaction,) = list_interactions(load_study(tmp_path, "five_questions"), range(6))
    assert interaction.missing == (2,)
    assert abs(interaction.effects["test_accuracy"].mean) < 0.05


def test_three_levels_make_two_squares_from_the_reference():
    cells = CELLS | {"p3": {"pooling": "none", "dropout": 0.0}, "p3 both": {"pooling": "none", "dropout": 0.5}}
    interactions = list_interactions(sweep_of(cells=cells), range(4))
    assert [interaction.first for interaction in interactions] == [
        ("pooling", "max", "average"),
        ("pooling", "max", "none"),
    ]
    assert interactions[1].effects["test_accuracy"].n == 0


@pytest.mark.parametrize("questions", [[], [{"name": "q"}]])
def test_a_plan_without_a_product_has_none(questions):
    plan = plan_of({"questions": questions})
    assert list_interactions(StudyResults(plan, pd.DataFrame(), {}, {}, {}), [0]) == []

"""What a trial got right, cell by cell."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from studies import fabricate_sweep

from bloodstudy.analysis import EvaluationImages
from bloodstudy.analysis.results.scores import score, score_trials


@pytest.fixture
def trained(study_of):
    """Return a trial of seven scenes a class, of which three stand under all classes."""
    return study_of({"reference": 0.7}, seeds=[0], photographs=(7, 5, 9, 6), copies=6).predictions["reference 0"]


def test_cells_are_the_scenes_of_each_class_and_count_what_is_right(trained):
    own = score(trained, "official")
    table, right = trained.shown.table, trained.correct
    assert len(own.cells.images) == 27
    for place, (label, scene) in enumerate(zip(own.cells.classes, own.cells.scenes, strict=True)):
        here = ((table["photograph"] == scene) & (table["label"] == trained.shown.classes[label])).to_numpy()
        assert (own.cells.images[place], own.correct[place]) == (here.sum(), right[here].sum())
    assert not own.dead


def test_each_class_weighs_alike(trained):
    own = score(trained, "official")
    for side, accuracy in (("test", own.test), ("train", own.train)):
        here = (trained.shown.table["split"] == side).to_numpy()
        shares = [trained.correct[here & (trained.shown.labels == label)].mean() for label in range(4)]
        assert accuracy == pytest.approx(np.mean(shares))
        assert accuracy != trained.correct[here].mean()


def test_trials_on_the_same_images_share_their_cells(trained):
    again = replace(trained, thousandths=trained.thousandths[:, ::-1])
    assert score(again, "official").cells is score(trained, "official").cells


def test_one_class_for_all_test_images_is_dead_whatever_it_says_of_the_training(trained):
    constant = trained.thousandths.copy()
    constant[~trained.shown.train] = [400, 100, 250, 250]
    assert score(replace(trained, thousandths=constant), "official").dead


def test_guessing_is_dead_and_a_class_that_a_fold_does_not_show_is_not_missed(trained):
    guess = np.random.default_rng(3).multinomial(1000, [0.25] * 4, len(trained.thousandths)).astype("uint16")
    shown = EvaluationImages(trained.shown.table.loc[trained.shown.labels != 2], trained.shown.classes)
    fewer = replace(trained, shown=shown, thousandths=guess[trained.shown.labels != 2])
    assert score(fewer, "official").test == pytest.approx(0.25, abs=0.15)
    wrong = np.eye(4, dtype="uint16")[(shown.labels + 1 + np.arange(len(shown.labels)) % 2) % 4] * 1000
    assert score(replace(fewer, thousandths=wrong), "official").dead


def test_without_measured_training_images_there_is_no_train_accuracy(trained):
    tested = ~trained.shown.train
    shown = EvaluationImages(trained.shown.table.loc[tested], trained.shown.classes)
    assert np.isnan(score(replace(trained, shown=shown, thousandths=trained.thousandths[tested]), "official").train)


def test_finished_trials_at_chance_are_found_by_their_predictions(tmp_path):
    results = fabricate_sweep(tmp_path, {"lr": [0.1, 0.01, 0.001]}, outcomes={2: "diverged"})
    keys = [result["key"] for result in results]
    rows = [{"key": result["key"], "judged": "official", "outcome": result["outcome"]} for result in results]
    find = lambda: {trial for trial, one in score_trials(tmp_path / "scratch", rows).items() if one.dead}  # noqa: E731
    assert find() == set()
    assert len(score_trials(tmp_path / "scratch", rows)) == 2, "what diverged has no score"
    stored = tmp_path / "scratch" / keys[0] / "predictions.parquet"
    table = pd.read_parquet(stored)
    names = [name for name in table if name.startswith("p_")]
    table[names] = np.eye(len(names), dtype="float32")[0]
    table.to_parquet(stored)
    assert find() == {(keys[0], "official")}
    stored.write_bytes(b"damaged")  # which the report refuses
    assert find() == set()
    assert len(score_trials(tmp_path / "scratch", rows)) == 1

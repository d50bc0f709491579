from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from harness import rewrite

from bloodstudy.analysis import analyse_study, load_study, summarise_arms
from bloodstudy.reporting.claims.ledger import unmark
from bloodstudy.reporting.claims.study_claims import open_claims
from bloodstudy.reporting.sections.summary import describe_title, summarise


def write(sweep):
    return unmark(" ".join(summarise(open_claims(analyse_study(sweep)))))


@pytest.fixture
def summary_of(read_sweep):
    return lambda swept, **more: write(read_sweep(swept, **more))


def skill(**by_level):
    """Return a skill function: the share of right answers by the level of the first factor."""
    return lambda levels: by_level[str(next(iter(levels.values())))]


def test_one_seed_names_the_highest_and_says_that_it_proves_nothing(summary_of):
    text = summary_of({"augment": ["none", "flip"]}, skill=skill(none=(0.95, 0.5), flip=(0.9, 0.9)))
    assert text.startswith("2 of 2 trials on smear finished. `augment=flip` has the highest test accuracy")
    assert "One seed: no interval, no verdict" in text
    assert "Not clearly above" not in text


def test_no_winner_among_arms_at_chance_level(summary_of):
    text = summary_of({"lr": [1.0, 0.1]}, skill=lambda levels: (0.0, 0.0))
    assert "none is named the best" in text
    assert "highest" not in text
    assert "At chance the gap says nothing" in text


def test_an_arm_at_chance_is_named_beside_one_that_learnt(summary_of):
    text = summary_of({"lr": [1.0, 0.1]}, skill=lambda levels: (0.9, 0.9) if levels["lr"] < 1 else (0.0, 0.0))
    assert "`lr=0.1` has the highest test accuracy" in text
    assert "Not clearly above chance level: `lr=1`. At chance the gap says nothing" in text


def test_an_arm_that_lost_a_seed_is_not_named_the_best(summary_of):
    best_lost = {"augment": ["none", "flip", "rotate"], "seed": [0, 1]}
    levels = skill(none=(0.9, 0.6), flip=(0.9, 0.95), rotate=(0.9, 0.4))
    text = summary_of(best_lost, skill=levels, outcomes={2: "diverged"})
    assert "5 of 6 trials on smear finished (1 diverged, listed below)." in text
    assert "`augment=none` has the highest mean test accuracy" in text
    assert "2 seeds, a pilot" in text


def test_overlapping_seeds_are_said_to_overlap(summary_of):
    text = summary_of({"augment": ["none", "flip"], "seed": [0, 1, 2]}, skill=lambda levels: (0.9, 0.7))
    assert "range overlaps that of" in text


def test_equal_arms_share_the_first_place(summary_of):
    text = summary_of({"augment": ["none", "flip"]}, skill=lambda levels: (1.0, 1.0))
    assert "`augment=none` and `augment=flip` share the highest test accuracy, 1.000" in text


def test_another_arm_that_leads_if_each_class_weighs_alike_is_named(read_sweep):
    sweep = read_sweep({"augment": ["none", "flip"]}, skill=skill(none=(0.9, 0.9), flip=(0.9, 0.7)))
    assert "each class" not in write(sweep)
    for trial, shares in zip(sweep.trials.to_dict("records"), (0.6, 0.8), strict=True):
        key, judged = trial["key"], trial["judged"]
        own = sweep.score(key, judged)
        correct = np.where(own.cells.classes > 0, np.floor(own.cells.images * shares), own.cells.images)
        sweep.scores[key, judged] = replace(own, correct=correct)
    none, flip = summarise_arms(sweep)
    assert none.test > flip.test
    assert f"`augment=none` has the highest test accuracy, {none.test:.3f}" in write(sweep)
    said = (
        f"if each class does, `augment=flip` has the highest test accuracy, {flip.balanced:.3f}, and `augment=none` has"
    )
    assert f"{said} {none.balanced:.3f}." in write(sweep)


def test_arms_on_different_images_are_not_ranked(summary_of):
    assert "tested on different images, so none of them" in summary_of({"data": ["smear", "bccd"]})


def test_nothing_finished_claims_nothing(summary_of):
    text = summary_of({"lr": [1.0, 0.1]}, outcomes={0: "diverged", 1: "missing"})
    assert text == "0 of 2 trials on smear finished (1 diverged, 1 missing, listed below)."


def test_a_random_split_mixed_commits_and_precisions_are_said(summary_of):
    text = summary_of({"lr": [0.1, 0.01]}, split="random", commits=("a", "b"))
    assert "split=random ignores photographs; 0 of 34 test photographs have a copy in training" in text
    assert "different commits of bloodstudy." in text
    assert "precisions" not in text


def test_trials_of_different_code_and_keras_are_said(read_sweep, tmp_path):
    sweep = read_sweep({"lr": [0.1, 0.01]})
    for key, code, keras in zip(sweep.plan.keys, ("a" * 16, "b" * 16), ("3.14.0", "3.15.1"), strict=True):
        path = tmp_path / "runs" / "scratch" / key / "result.json"
        rewrite(path, code=code, versions={"keras": keras, "tensorflow": "2.21.0"})
    text = write(load_study(tmp_path / "runs", "scratch"))
    assert f"different code of bloodstudy: `{'a' * 16}` and `{'b' * 16}`" in text
    assert "different versions of Keras: `3.14.0` and `3.15.1`" in text
    assert "TensorFlow" not in text
    assert "different code" not in write(sweep)


def test_trials_of_a_card_and_of_a_processor_are_said(read_sweep, tmp_path):
    sweep = read_sweep({"lr": [0.1, 0.01]})
    for key, more in zip(sweep.plan.keys, ({"gpu": "H200"}, {}), strict=True):
        rewrite(tmp_path / "runs" / "scratch" / key / "result.json", versions={"jax": "0.11.2"} | more)
    text = write(load_study(tmp_path / "runs", "scratch"))
    assert "Some trials were trained on a graphics card (`H200`), others without one." in text


def test_a_fit_that_inference_does_not_confirm_is_said(read_sweep, tmp_path):
    sweep = read_sweep({"norm": ["lrn", "batch"]}, skill=skill(lrn=(0.9, 0.7), batch=(0.3, 0.3)))
    assert "moving averages" not in write(sweep)
    path = tmp_path / "runs" / "scratch" / sweep.plan.keys[1] / "history.csv"
    pd.read_csv(path).assign(fit_accuracy=0.9).to_csv(path, index=False)
    assert "`norm=batch`: `fit` ended at a much higher accuracy" in write(load_study(tmp_path / "runs", "scratch"))


def test_titles(sweep_of, tmp_path):
    for folder, swept, words in (
        ("a", {"lr": [0.1, 0.01], "seed": [0, 1]}, "Sweep over `lr`, 2 seeds"),
        ("b", {"seed": [0, 1]}, "`reference`, 2 seeds"),
        ("c", {}, "One trial: `reference`"),
        ("d", {"pooling": ["max", "average"], "width": [1, 2]}, "Sweep over `pooling` × `width`"),
    ):
        sweep_of(tmp_path / folder, swept)
        assert describe_title(load_study(tmp_path / folder, "scratch")) == words

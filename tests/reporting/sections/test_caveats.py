"""Arms that were still learning when training ended, against plain pandas."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bloodstudy.analysis import analyse_study, load_study
from bloodstudy.reporting.claims.ledger import unmark
from bloodstudy.reporting.claims.study_claims import open_claims
from bloodstudy.reporting.sections.caveats import describe_still_learning, warn_of_study
from bloodstudy.reporting.sections.methods_paragraph import write_paragraph
from bloodstudy.reporting.sections.summary import describe_head
from bloodstudy.study.said import Said

EPOCHS = 30


@pytest.fixture
def write(analyse, tmp_path):
    """Return a function that tells of a study whose arms rise so much over their last 8 of 30 epochs, by seed."""

    def written(**rises):
        for trial in analyse().sweep.plan.trials:
            path = tmp_path / "runs" / "five_questions" / trial.key / "history.csv"
            rise = rises.get(trial.arm.removeprefix("pooling="), 0.0) + 0.001 * trial.seed
            curve = np.interp(np.arange(EPOCHS), [0, EPOCHS - 9, EPOCHS - 1], [0.2, 0.6, 0.6 + rise])
            pd.read_csv(path).assign(fit_accuracy=curve).to_csv(path, index=False)
        claims = open_claims(analyse_study(load_study(tmp_path / "runs", "five_questions")))
        return unmark(describe_still_learning(claims.sweep.plan.questions[0], claims))

    return written


def test_an_arm_that_rose_by_more_than_the_margin_is_named_with_its_rise_beside_the_reference(write):
    text = write(average=0.031, none=0.01)
    mean = 100 * np.mean([0.031 + 0.001 * seed for seed in range(6)])
    assert f"still rose by {mean:+.1f} points for `pooling=average` and +0.2 points for the reference." in text
    assert "pooling=none" not in text


def test_a_reference_that_still_learns_is_said_alone(write):
    assert "still rose by +5.2 points for the reference." in write(reference=0.05)


def test_if_all_have_settled_nothing_is_said(write):
    assert write(average=0.01) == ""


def test_a_plan_that_came_after_results_is_told_first(analyse):
    analysis = analyse()
    plan = analysis.sweep.plan
    assert not [said for said in warn_of_study(open_claims(analysis)) if "Qualified" in said]
    late = replace(plan, amendments=["this plan itself: 3 trials of its arms had a result before it was made", "other"])
    sweep = replace(analysis.sweep, plan=late)
    (told,) = [said for said in warn_of_study(open_claims(analyse_study(sweep))) if "Qualified" in said]
    assert told.endswith("this plan itself: 3 trials of its arms had a result before it was made.")
    changed = replace(plan, amendments=["trials: 3 that have a result are not planned any more", "setting: a became b"])
    sweep = replace(analysis.sweep, plan=changed)
    (told,) = [said for said in warn_of_study(open_claims(analyse_study(sweep))) if "Qualified" in said]
    assert told.endswith("after there were results. trials: 3 that have a result are not planned any more.")


def test_a_verdict_that_was_taken_back_is_told_and_nothing_says_that_it_was_kept(analyse):
    analysis = analyse(planted={"pooling=average": (-20.0, -20.0)}, noise=0.2)
    verdict = analysis.find("pooling=average").verdict
    assert (verdict.word, write_paragraph(analysis).count("a verdict, once given, was kept")) == ("harms", 1)
    said = (Said(1, "pooling=average", "reference", "improves"), Said(1, "pooling=none", "reference", "gone"))
    changed = analyse_study(replace(analysis.sweep, said=said))
    told = [text for text in warn_of_study(open_claims(changed)) if "Qualified" in text]
    assert "Look 1 said of `pooling=average`: improves. Now it is: harms." in told[0]
    assert len(told) == 2
    assert "once given, was kept" not in write_paragraph(changed)
    assert "is wrong is at most" in describe_head(open_claims(analysis), [])["about"]
    assert "is wrong is at most" not in describe_head(open_claims(changed), [])["about"]


def test_trials_that_saw_other_pixels_or_trained_another_network_are_told(analyse, tmp_path):
    analyse()
    sweep = load_study(tmp_path / "runs", "five_questions")
    before = warn_of_study(open_claims(analyse_study(sweep)))
    key, *_ = sweep.results
    data = {one: replace(result.data, pixels="a" * 16) for one, result in sweep.results.items()}
    data[key] = replace(data[key], pixels="b" * 16)
    sizes = {one: 100 + (one == key) for one in sweep.results}
    for one, result in sweep.results.items():
        sweep.results[one] = replace(result, data=data[one], parameters=sizes[one])
    (pixels, networks) = [said for said in warn_of_study(open_claims(analyse_study(sweep))) if said not in before]
    assert "decoded to different pixels for some of the trials" in pixels
    assert f"`{sweep.results[key].arm}` are of different networks" in networks

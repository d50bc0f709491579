"""What is said of the images that nobody gets right."""

import pytest
from studies import fabricate_study

from bloodstudy.analysis import analyse_study, load_study
from bloodstudy.reporting.claims.ledger import Ledger, unmark
from bloodstudy.reporting.claims.study_claims import StudyClaims
from bloodstudy.reporting.sections.evidence import describe_missed, find_hard_images_of
from bloodstudy.study.question import Question

POOLS = Question("pools", "Which pooling?", factor="pooling", levels=("none",))


@pytest.mark.parametrize(
    ("seeds", "chance", "who"), [(2, (), "all 4 trials"), (2, (1,), "all 3 trials"), (1, (0,), "the 1 trial")]
)
def test_images_are_wrong_in_the_trials_that_learnt_something_be_they_many_or_one(seeds, chance, who, tmp_path):
    outcomes = dict.fromkeys((("pooling=none", seed) for seed in chance), "chance")
    fabricate_study(tmp_path, (POOLS,), seeds, photographs=3, copies=2, outcomes=outcomes)
    judged = analyse_study(load_study(tmp_path, "five_questions"))
    text = unmark(describe_missed(find_hard_images_of(judged), StudyClaims(judged, Ledger())))
    assert f"test images are wrong in {who} that learnt something." in text


def test_trials_at_chance_beyond_the_last_look_did_not_learn_either(tmp_path):
    outcomes = {("pooling=none", 7): "chance", ("reference", 6): "chance"}
    fabricate_study(tmp_path, (POOLS,), 8, photographs=3, copies=2, looks=[6], outcomes=outcomes)
    judged = analyse_study(load_study(tmp_path, "five_questions"))
    text = unmark(describe_missed(find_hard_images_of(judged), StudyClaims(judged, Ledger())))
    assert "wrong in all 14 trials that learnt something." in text

"""How far a study has come, and what its next look costs."""

from dataclasses import replace

import pytest

from bloodstudy.analysis import analyse_study
from bloodstudy.reporting.claims.ledger import unmark
from bloodstudy.reporting.claims.study_claims import open_claims
from bloodstudy.reporting.sections.progress import describe_progress, describe_state, find_next_look

ARMS = ("reference", "pooling=average", "pooling=none")
QUIET = {"planted": {}, "noise": 2.0}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"seeds": 4}, "4 of 4 seeds have ended in every arm that was open. This is a pilot: under 6 seeds"),
        ({"seeds": 6, "design": None}, "so the study is judged afterwards, once, at its last seed."),
        ({"seeds": 8, "looks": [6, 8]} | QUIET, "Looks are at 6 and 8 seeds; 2 of 2 were held, no arm is open."),
        ({"seeds": 9, "looks": [6, 8]} | QUIET, "What lies beyond the last look (1 seed) is exploratory."),
        ({"seeds": 2, "folds": 3}, "The only look is at 2 repetitions; 1 of 1 was held"),
    ],
)
def test_progress_says_how_far_the_study_has_come(claims_of, more, said):
    text = unmark(describe_progress(claims_of(**more)))
    assert said in text
    assert "planned trials have a result" in text


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"seeds": 4}, "12 of 12 planned trials have a result. A pilot: nothing is decided."),
        ({"seeds": 6, "design": None}, "18 of 18 planned trials have a result. Judged afterwards, at its last seed."),
        ({"seeds": 6, "outcomes": {("reference", 5): "missing"}}, "17 of 18 planned trials have a result; 0 of 1 "
         "planned look at the results done, 0 of 2 changes decided. Unfinished: no question is answered yet, and the "
         "numbers so far are not to be quoted."),
    ],
)  # fmt: skip
def test_the_head_says_it_in_one_sentence(claims_of, more, said):
    assert unmark(describe_state(claims_of(**more))) == said


def test_before_the_first_look_none_was_held(claims_of):
    text = unmark(describe_progress(claims_of(outcomes={("reference", 5): "missing"})))
    assert text.startswith("17 of 18 planned trials have a result; 1 is missing, and the same command goes on with it.")
    assert "The only look is at 6 seeds; none was held yet." in text
    assert text.endswith("takes 1 more training: those of 2 open arms and `reference` that have not ended.")


def test_the_next_look_takes_the_trials_of_open_arms_and_their_reference(analyse):
    waiting = {(arm, seed): "missing" for arm in ARMS for seed in (6, 7)}
    analysis = analyse(seeds=8, looks=[6, 8], outcomes=waiting, **QUIET)
    look = find_next_look(analysis)
    assert (look.repetitions, look.arms, len(look.keys)) == (8, ARMS[1:], 6)
    assert find_next_look(analyse(seeds=8, looks=[6, 8], **QUIET)) is None


def test_a_closed_arm_is_not_waited_for(claims_of):
    waiting = {(arm, seed): "missing" for arm in ARMS for seed in range(8, 12)}
    claims = claims_of(seeds=12, looks=[8, 12], outcomes=waiting, planted={"pooling=none": (-30.0, -40.0)})
    closed = claims.analysis.find("pooling=none")
    assert closed.verdict.word == "harms"
    text = unmark(describe_progress(claims))
    assert "4 are not needed, since their arms are closed" in text
    assert "takes 8 more trainings: those of 1 open arm and `reference`" in text


def test_a_budget_that_ends_a_study_is_named(analyse):
    waiting = {(arm, seed): "missing" for arm in ARMS for seed in range(8, 12)}
    sweep = analyse(seeds=12, looks=[8, 12], outcomes=waiting, noise=9.0).sweep
    for budget, ended in (("99", False), ("30 trainings, from 2h", True)):
        claims = open_claims(analyse_study(replace(sweep, plan=replace(sweep.plan, budget=budget))))
        progress, state = unmark(describe_progress(claims)), unmark(describe_state(claims))
        assert ("costs more than the budget (30 trainings, from 2h), which ended the study" in progress) == ended
        assert ("12 are not needed, since their arms are closed or the budget is spent" in progress) == ended
        assert ("0 of 2 changes decided; the budget ended the study there." in state) == ended


def test_a_pilot_so_far_is_told_what_its_first_look_takes(analyse):
    waiting = {(arm, seed): "missing" for arm in ARMS for seed in range(3, 6)}
    look = find_next_look(analyse(seeds=6, looks=[3, 6], outcomes=waiting))
    assert (look.repetitions, len(look.keys)) == (6, 9)

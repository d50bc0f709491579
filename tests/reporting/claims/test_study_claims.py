"""The numbers of a study as claims, against its results, and how they are written."""

import pytest

from bloodstudy.analysis import analyse_study, summarise_arms
from bloodstudy.reporting.claims.ledger import unmark
from bloodstudy.reporting.claims.study_claims import open_claims


def test_a_claim_holds_value_and_trials_of_an_arm_and_of_the_study(read_sweep):
    sweep = read_sweep({"lr": [0.1, 0.01], "seed": [0, 1]}, outcomes={3: "diverged"})
    claims, keys = open_claims(analyse_study(sweep)), sweep.plan.keys
    first, second = summarise_arms(sweep)
    assert unmark(claims.finished("lr=0.01") + claims.arm(second, "planned", "d")) == "12"
    claims.arm(first, "test", ".3f")
    assert unmark(claims.outcomes("diverged") + claims.outcomes(None)) == "14"
    known = {claim.name: claim for claim in claims.ledger.claims}
    mean = known["arm/lr=0.1/test_accuracy/mean"]
    tests = [sweep.results[key].responses["test_accuracy"] for key in keys[:2]]
    assert mean.value == pytest.approx(sum(tests) / 2, rel=1e-5)
    assert mean.trials == tuple(keys[:2])
    assert known["arm/lr=0.01/planned"].trials == tuple(keys[2:])
    assert known["study/outcome=diverged"].trials == (keys[3],)


def test_the_ledger_has_the_hash_of_each_planned_trial(read_sweep):
    sweep = read_sweep({"lr": [0.1, 0.01]}, outcomes={1: "missing"})
    hashes = open_claims(analyse_study(sweep)).ledger.trials
    assert list(hashes.values()) == [sweep.results[sweep.plan.keys[0]].stored_hash, None]

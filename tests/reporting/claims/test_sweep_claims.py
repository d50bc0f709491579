"""The numbers of a plain sweep as claims, against its results."""

import pytest

from bloodstudy.analysis import load_study, summarise_arms
from bloodstudy.reporting.claims.ledger import unmark
from bloodstudy.reporting.claims.sweep_claims import SweepClaims, open_ledger


def test_a_claim_holds_value_and_trials_of_an_arm_and_of_the_study(sweep_of, tmp_path):
    results = sweep_of(tmp_path, {"lr": [0.1, 0.01], "seed": [0, 1]}, outcomes={3: "diverged"})
    sweep = load_study(tmp_path, "scratch")
    claims = SweepClaims(sweep, open_ledger(sweep))
    first, second = summarise_arms(sweep)
    assert unmark(claims.arm(second, "finished", "d") + claims.arm(second, "planned", "d")) == "12"
    claims.arm(first, "test", ".3f")
    assert unmark(claims.outcomes("diverged") + claims.outcomes(None)) == "14"
    known = {claim.name: claim for claim in claims.ledger.claims}
    mean = known["arm/lr=0.1/test_accuracy/mean"]
    assert mean.value == pytest.approx(sum(r["responses"]["test_accuracy"] for r in results[:2]) / 2, rel=1e-5)
    assert mean.trials == tuple(result["key"] for result in results[:2])
    assert known["arm/lr=0.01/planned"].trials == tuple(result["key"] for result in results[2:])
    assert known["study/outcome=diverged"].trials == (results[3]["key"],)


def test_the_ledger_has_the_hash_of_each_planned_trial(sweep_of, tmp_path):
    results = sweep_of(tmp_path, {"lr": [0.1, 0.01]}, outcomes={1: "missing"})
    hashes = open_ledger(load_study(tmp_path, "scratch")).trials
    assert list(hashes.values()) == [results[0]["stored_hash"], None]

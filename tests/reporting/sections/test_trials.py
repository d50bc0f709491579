"""The differences to the reference of a plain sweep."""

import pytest

from bloodstudy.analysis import analyse_study, load_study
from bloodstudy.reporting.claims.ledger import unmark
from bloodstudy.reporting.claims.study_claims import StudyClaims
from bloodstudy.reporting.claims.sweep_claims import open_ledger
from bloodstudy.reporting.sections.trials import describe_differences


@pytest.fixture
def write(sweep_of, tmp_path):
    def told(swept, **more):
        results = sweep_of(tmp_path, swept, **more)
        sweep = load_study(tmp_path, "scratch")
        return results, describe_differences(StudyClaims(analyse_study(sweep), open_ledger(sweep)))

    return told


def test_each_arm_is_set_beside_the_first_without_a_word(write):
    results, told = write({"lr": [0.1, 0.01], "seed": [0, 1, 2]})
    assert "each arm less `lr=0.1`" in told["text"]
    (row,) = unmark(told["table"]).splitlines()[2:]
    tests = [result["responses"]["test_accuracy"] for result in results]
    difference = 100 * (sum(tests[3:]) - sum(tests[:3])) / 3
    assert f"{difference:+.2f} [" in row
    assert row.startswith("| `lr=0.01` | 3 |")
    assert not any(word in told["table"] for word in ("improves", "harms", "equivalent", "exploratory"))


@pytest.mark.parametrize("swept", [{}, {"lr": [0.1, 0.01]}, {"seed": [0, 1, 2]}])
def test_nothing_to_pair_says_nothing(write, swept):
    assert write(swept)[1] == {}

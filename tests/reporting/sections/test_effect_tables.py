"""The tables of a question's arms."""

import pytest

from bloodstudy.reporting.claims.ledger import unmark
from bloodstudy.reporting.sections import effect_tables


@pytest.fixture
def claims(claims_of):
    return claims_of(outcomes={("pooling=none", 3): "diverged"})


def read(table):
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in unmark(table).splitlines()]


def test_a_row_has_the_effects_of_its_arm_and_the_seeds_that_are_paired(claims):
    comparisons = claims.analysis.comparisons
    header, _, first, second = read(effect_tables.tabulate_effects(comparisons, claims))
    assert (first[0], first[1], second[1]) == ("`pooling=average`", "6", "5")
    test = comparisons[0].test
    shown = f"{100 * test.mean:+.2f} [{100 * test.low:+.2f}, {100 * test.high:+.2f}]"
    assert first[header.index("test")] == shown


def test_each_verdict_stands_beside_the_trials_that_failed(claims):
    comparisons = claims.analysis.comparisons
    header, _, *rows = read(effect_tables.tabulate_verdicts(comparisons, claims))
    verdicts = [row[header.index("verdict")].split(",")[0] for row in rows]
    assert verdicts == [comparison.verdict.word for comparison in comparisons]
    assert [row[-1] for row in rows] == ["0 of 6", "1 of 6"]


def test_classes_have_a_column_each(claims):
    (header, *_) = read(effect_tables.tabulate_classes(claims.analysis.comparisons, claims))
    assert header == ["arm", "macro F1", "EOSINOPHIL", "LYMPHOCYTE", "MONOCYTE", "NEUTROPHIL"]

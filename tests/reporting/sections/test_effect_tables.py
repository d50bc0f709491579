"""The tables of a question's arms."""

import pytest
from studies import fabricate_study

from bloodstudy.analysis import analyse_study, load_study
from bloodstudy.reporting.claims.ledger import Ledger, unmark
from bloodstudy.reporting.claims.study_claims import StudyClaims
from bloodstudy.reporting.sections import effect_tables
from bloodstudy.study.question import Question

POOLS = Question("pools", "Which pooling?", factor="pooling", levels=("average", "none"))


@pytest.fixture
def analysis(tmp_path):
    fabricate_study(tmp_path, (POOLS,), 6, photographs=5, copies=2, outcomes={("pooling=none", 3): "diverged"})
    return analyse_study(load_study(tmp_path, "five_questions"))


def read(table):
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in unmark(table).splitlines()]


def test_a_row_has_the_effects_of_its_arm_and_the_seeds_that_are_paired(analysis):
    header, _, first, second = read(
        effect_tables.tabulate_effects(analysis.comparisons, StudyClaims(analysis, Ledger()))
    )
    assert (first[0], first[1], second[1]) == ("`pooling=average`", "6", "5")
    test = analysis.comparisons[0].test
    shown = f"{100 * test.mean:+.2f} [{100 * test.low:+.2f}, {100 * test.high:+.2f}]"
    assert first[header.index("test")] == shown


def test_each_verdict_stands_beside_the_trials_that_failed(analysis):
    header, _, *rows = read(effect_tables.tabulate_verdicts(analysis.comparisons, StudyClaims(analysis, Ledger())))
    verdicts = [row[header.index("verdict")].split(",")[0] for row in rows]
    assert verdicts == [comparison.verdict.word for comparison in analysis.comparisons]
    assert [row[-1] for row in rows] == ["0 of 6", "1 of 6"]


def test_classes_have_a_column_each(analysis):
    (header, *_) = read(effect_tables.tabulate_classes(analysis.comparisons, StudyClaims(analysis, Ledger())))
    assert header == ["arm", "macro F1", "EOSINOPHIL", "LYMPHOCYTE", "MONOCYTE", "NEUTROPHIL"]

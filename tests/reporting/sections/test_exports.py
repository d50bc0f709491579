"""The effects for other programs."""

import pytest

from bloodstudy.analysis import analyse_study
from bloodstudy.reporting.sections.exports import escape, tabulate_effects, write_tables
from bloodstudy.study.question import Question

POOLS = Question("pools", "Which pooling?", factor="pooling", levels=("average",))


def test_a_row_is_a_comparison_and_a_response_in_fractions(analyse):
    analysis = analyse(POOLS)
    table = tabulate_effects(analysis).set_index("response")
    test = analysis.comparisons[0].test
    assert table.loc["test_accuracy", "effect"] == pytest.approx(test.mean, rel=1e-5)
    assert table.loc["test_accuracy", "word"] == analysis.comparisons[0].verdict.word
    assert table.loc["train_accuracy", "word"] == ""
    assert table["p_difference"].notna().sum() == 1


def test_without_a_comparison_there_is_no_table(read_sweep):
    assert write_tables(analyse_study(read_sweep({"seed": [0, 1]}))) == {}


def test_each_special_character_means_itself():
    assert escape("a_b & 5 % \\ {x}") == r"a\_b \& 5 \% \textbackslash{} \{x\}"

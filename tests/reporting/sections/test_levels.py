"""The levels of the reference, and what trials were computed with."""

from bloodstudy.reporting.sections.levels import format_values, list_origin, tabulate_reference


def test_values_that_differ_are_said_to_be_mixed():
    assert format_values(["a", "a"]) == "`a`"
    assert format_values(["a", None, "b"]) == "`a`, `unknown`, `b` (mixed)"


def test_levels_that_other_arms_change_are_marked(read_sweep):
    sweep = read_sweep({"lr": [0.1, 0.01]}, commits=("a", "b"))
    rows = tabulate_reference(sweep, "lr=0.1").splitlines()
    assert "| `lr` | `0.1` | yes |" in rows
    assert "| `epochs` | `12` |  |" in rows
    assert "commit: `a`, `b` (mixed)" in list_origin(sweep)

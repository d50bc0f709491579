"""The data of a sweep and the levels of its reference."""

from bloodstudy.analysis import load_study
from bloodstudy.reporting.sections.data import format_values, list_data, list_origin, tabulate_reference


def test_values_that_differ_are_said_to_be_mixed():
    assert format_values(["a", "a"]) == "`a`"
    assert format_values(["a", None, "b"]) == "`a`, `unknown`, `b` (mixed)"


def test_trials_on_the_same_images_share_a_data_set(sweep_of, tmp_path):
    results = sweep_of(tmp_path, {"data": ["smear", "bccd"], "seed": [0, 1]})
    first, second = list_data(load_study(tmp_path, "scratch"))
    assert (first.source, second.source) == ("smear", "bccd")
    assert first.keys == tuple(result["key"] for result in results[:2])
    assert first.counts.loc["EOSINOPHIL"].to_dict() == {"train": 56, "test": 40}


def test_levels_that_other_arms_change_are_marked(sweep_of, tmp_path):
    sweep_of(tmp_path, {"lr": [0.1, 0.01]}, commits=("a", "b"))
    sweep = load_study(tmp_path, "scratch")
    rows = tabulate_reference(sweep, "lr=0.1").splitlines()
    assert "| `lr` | `0.1` | yes |" in rows
    assert "| `epochs` | `12` |  |" in rows
    assert "commit: `a`, `b` (mixed)" in list_origin(sweep)

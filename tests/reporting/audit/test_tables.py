"""The tables of an audit, from frames."""

import math

import pandas as pd

from bloodstudy.reporting.audit.tables import MAX_ROWS, list_rows, spell_value, tabulate


def test_names_are_code_and_numbers_are_aligned_right():
    frame = pd.DataFrame({"image": ["a|b"], "n_copies": [1200], "share": [0.125]})
    assert tabulate(frame, {"share": ".1%"}).splitlines() == [
        "| image | n copies | share |",
        "| --- | ---: | ---: |",
        "| <code>a&#124;b</code> | 1,200 | 12.5 % |",
    ]


def test_of_many_rows_the_first_are_shown_and_the_others_counted():
    frame = pd.DataFrame({"image": [str(k) for k in range(MAX_ROWS + 3)]})
    text = list_rows(frame, "leaks.csv")
    assert text.count("\n| `") == MAX_ROWS
    assert text.endswith("And 3 more in `leaks.csv`.")
    assert "more" not in list_rows(frame.head(MAX_ROWS), "leaks.csv")
    assert list_rows(frame.head(0), "leaks.csv") == ""


def test_what_is_not_known_is_no_number():
    assert [spell_value(value, ".1%") for value in (0.5, math.nan, None)] == ["50.0 %", "unknown", "unknown"]

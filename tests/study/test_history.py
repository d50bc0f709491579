"""The history of a trial, whoever wrote it."""

import math
import re

import pytest

from bloodstudy.study.history import parse_history

HEAD = b"epoch,fit_loss,fit_accuracy\n"


def test_a_history_is_a_table_of_numbers_with_gaps_and_infinities():
    history = parse_history(HEAD + b"1,0.5,0.25\n2,,inf\n")
    assert history.to_dict("list")["epoch"] == [1, 2]
    assert math.isnan(history["fit_loss"][1])
    assert history["fit_accuracy"].tolist() == [0.25, math.inf]
    assert len(parse_history(HEAD)) == 0


@pytest.mark.parametrize(("content", "told"), [
    (b"", "not enough values"),
    (b"\n", "expected columns such as epoch"),
    (b"\xff", "can't decode"),
    (b"epoch,fit_loss\n1,0.5\n", "expected columns such as epoch, fit_loss, fit_accuracy"),
    (HEAD[:-1] + b",=cmd()\n1,2,3,4\n", "expected columns such as epoch"),
    (HEAD[:-1] + b",epoch\n1,2,3,1\n", "expected columns such as epoch"),
    (HEAD + b"1,=cmd(),3\n", "expected numbers in column 'fit_loss'; received '=cmd()'"),
    (HEAD + b"1,2\n", "expected 3 numbers a row; received 2"),
    (HEAD + b"1,2,3,4\n", "expected 3 numbers a row; received 4"),
    (HEAD + b"1,True,3\n", "expected numbers in column 'fit_loss'"),
    (HEAD + b"1,2,3\n1,2,3\n", "expected the epochs 1, 2, 3"),
    (HEAD + b"2,2,3\n", "expected the epochs 1, 2, 3"),
    (HEAD + b'1,"2,3\n', "unexpected end of data"),
])  # fmt: skip
def test_what_is_no_history_is_refused(content, told):
    with pytest.raises(ValueError, match=re.escape(told)):
        parse_history(content)

"""Whether an audit with fail_on_leak=true passes; tests/test_audit.py types the command."""

import pytest

from bloodstudy.data.quality.findings import find
from bloodstudy.execution.audit_images import judge_split

UNPLACED = ("A", "test", "", "", "c11")


@pytest.mark.parametrize(("clean", "more", "how", "code", "told"), [
    (False, [], "known", 1, "fail_on_leak: the official split leaks; leaks.csv lists"),
    (False, [], "unknown", 1, "fail_on_leak: which scene each image shows is not known"),
    (True, [], "known", 0, ""),
    (True, [UNPLACED], "known", 0, "of 1 it is not"),
])  # fmt: skip
def test_the_exit_code_and_its_reason(planted, faults, capsys, clean, more, how, code, told):
    rows = [row for row in faults if not clean or row[1] == "train" or row[3] in ("s3", "s6")]
    assert judge_split(find(planted([*rows, *more], how=how))) == code
    text = capsys.readouterr().out
    assert (told in text) if told else text == ""

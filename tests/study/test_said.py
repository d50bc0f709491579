"""What looks have said, kept in a file beside the plan."""

import pytest

from bloodstudy.errors import UserError
from bloodstudy.study.said import Said, dump, keep, parse, read_said

FIRST = Said(1, "half", "reference", "open")
THEN = Said(2, "half", "reference", "harms")


def test_what_was_said_first_is_kept(tmp_path):
    assert read_said(tmp_path) == ()
    keep(tmp_path, [FIRST])
    keep(tmp_path, [THEN, Said(1, "half", "reference", "improves")])
    assert read_said(tmp_path) == (FIRST, THEN)
    keep(tmp_path, [Said(2, "half", "reference", "equivalent"), FIRST], elsewhere=True)
    assert [one.word for one in read_said(tmp_path)] == ["open", "equivalent", "harms"], "others have said it otherwise"


def test_the_file_is_the_same_in_whatever_order_things_were_said():
    assert dump([FIRST, THEN]) == dump([THEN, FIRST])
    assert parse(dump([THEN, FIRST]).encode()) == (FIRST, THEN)


@pytest.mark.parametrize(
    "change", [("harms", "improves"), ('"look": 2', '"look": "2"'), ("}", ""), ('"said"', '"heard"')]
)
def test_a_changed_file_is_refused_with_what_it_is_for(tmp_path, change):
    (tmp_path / "looks.json").write_text(dump([FIRST, THEN]).replace(*change))
    with pytest.raises(UserError, match=r"looks\.json is damaged: .* what the looks of the study have said"):
        read_said(tmp_path)

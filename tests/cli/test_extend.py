"""`extend=`: what may be typed."""

import lab
import pytest

from bloodstudy.cli.extend import read_extensions
from bloodstudy.errors import UserError


def test_the_other_overrides_are_left_as_they_were(tmp_path):
    path = lab.write(tmp_path)
    others, (extension,) = read_extensions(["lr=1", f"extend={path}", "-x"])
    assert others == ["lr=1", "-x"]
    assert extension.source.typed == str(path)
    assert read_extensions(["lr=1"]) == (["lr=1"], [])


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        (["extend=a.py", "extend=b.py"], r"give it once; for several write extend=\[ONE,OTHER\]"),
        (["extend=a.py,b.py"], "extend is not swept"),
        (["extend="], "expected extend=FILE"),
        (["extend=null"], "expected extend=FILE"),
        (["extend=[]"], "expected extend=FILE"),
        (["extend=[1]"], "expected extend=FILE"),
        (["extend={a"], "cannot read 'extend={a'"),
        (["extend=a.py"], "expected a Python file"),
    ],
)
def test_what_names_no_extension_is_refused(typed, says):
    with pytest.raises(UserError, match=says):
        read_extensions(typed)


def test_the_same_extension_twice_is_refused(tmp_path):
    one, other = lab.write(tmp_path), lab.write(tmp_path, name="copy.py")
    with pytest.raises(UserError, match="the same extension is given twice"):
        read_extensions([f"extend=[{one},{other}]"])

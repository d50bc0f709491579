"""A file of weights as a level."""

import pytest

from bloodstudy.config.weights import content_of, identify, read_weights
from bloodstudy.errors import MachineError, UserError


def test_a_level_is_known_by_what_its_file_holds(tmp_path):
    one, other = tmp_path / "one.h5", tmp_path / "other.h5"
    one.write_bytes(b"weights")
    other.write_bytes(b"weights")
    levels = [identify(str(path)) for path in (one, other)]
    assert levels[0] != levels[1]
    assert content_of(levels[0]) == content_of(levels[1])
    assert identify(levels[0]) == levels[0]
    assert read_weights(levels[0]) == one
    one.write_bytes(b"others")
    assert content_of(identify(str(one))) != content_of(levels[1])
    with pytest.raises(MachineError, match="was changed after the plan was made"):
        read_weights(levels[0])


@pytest.mark.parametrize("level", ["none", "imagenet"])
def test_a_known_name_is_itself(level):
    assert identify(level) == content_of(level) == level
    assert read_weights(level) is None


def test_what_is_no_file_of_weights_is_refused(tmp_path):
    with pytest.raises(UserError, match="expected none, imagenet or a file of weights; there is no file"):
        identify(str(tmp_path / "nothing.h5"))
    (tmp_path / "weights.txt").write_bytes(b"")
    with pytest.raises(UserError, match=r"a file that ends in \.h5 or \.keras"):
        identify(str(tmp_path / "weights.txt"))

"""Overrides, written as Hydra reads them back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bloodstudy.cli.overrides import is_hydras, parse, repeated, values_of, write

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_characters="$", codec="utf-8", exclude_categories=["Cc"]), min_size=1),
)  # fmt: skip


@given(SCALARS | st.lists(SCALARS))
def test_a_value_is_read_as_it_was_written(value):
    (override,), problems = parse([write("lr", value)])
    assert problems == []
    assert values_of(override) == [value]


@pytest.mark.parametrize(
    ("typed", "levels"), [("lr=1", [1]), ("lr=1e-2,0.5", [0.01, 0.5]), ("data.root='a,b','c'", ["a,b", "c"])]
)
def test_one_level_or_several(typed, levels):
    (override,), _ = parse([typed])
    assert values_of(override) == levels


def test_what_cannot_be_read_is_told_and_the_rest_is_kept():
    parsed, problems = parse(["lr", "epochs=2", "'x"])
    assert [override.key_or_group for override in parsed] == ["epochs"]
    assert [problem.split(":")[0] for problem in problems] == ["cannot read 'lr'", 'cannot read "\'x"']


def test_a_key_of_ours_is_given_once_and_options_of_hydra_are_not_counted():
    parsed, _ = parse(["lr=1", "hydra/launcher=basic", "lr=2", "hydra.verbose=true", "hydra.verbose=false"])
    assert [is_hydras(override) for override in parsed] == [False, True, False, True, True]
    assert repeated(parsed) == ["'lr' is given 2 times; give it once"]

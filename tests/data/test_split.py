"""The drawn split: stratified, disjoint, the same for one seed, blind to the file system's order."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bloodstudy.data.listing import Listing
from bloodstudy.data.split import draw_split, resolve_split
from bloodstudy.errors import UserError

counts = st.dictionaries(st.sampled_from("ABCDE"), st.integers(2, 60), min_size=2)


@given(counts, st.floats(0.01, 0.99), st.integers(0, 2**31))
def test_each_class_gives_its_share_and_keeps_at_least_one(counts, share, seed):
    labels = [name for name, n in counts.items() for _ in range(n)]
    sides = draw_split(labels, share, seed)
    assert len(sides) == len(labels)
    assert set(sides) == {"train", "test"}
    for name, n in counts.items():
        tested = sum(side == "test" for side, label in zip(sides, labels, strict=True) if label == name)
        assert 1 <= tested <= n - 1
        assert abs(tested - n * share) <= 0.5 or tested in (1, n - 1)


@given(counts, st.integers(0, 2**31))
def test_same_seed_same_split(counts, seed):
    labels = [name for name, n in counts.items() for _ in range(n)]
    assert (draw_split(labels, 0.2, seed) == draw_split(labels, 0.2, seed)).all()


def test_another_seed_is_another_split():
    labels = ["A", "B"] * 50
    assert len({tuple(draw_split(labels, 0.2, seed)) for seed in range(20)}) == 20


def test_every_image_is_tested_by_some_seed():
    tested = sum((draw_split(["A"] * 10 + ["B"] * 10, 0.2, seed) == "test").astype(int) for seed in range(100))
    assert isinstance(tested, np.ndarray)
    assert tested.min() > 5
    assert tested.max() < 40


def listing(name: str, official: bool) -> Listing:
    return Listing(name, Path("images"), (), (), ("A", "B"), official)


def test_auto_is_official_where_there_is_one():
    assert resolve_split("auto", listing("kaggle", True)) == "official"
    assert resolve_split("auto", listing("bccd", False)) == "random"
    assert resolve_split("random", listing("kaggle", True)) == "random"


@pytest.mark.parametrize("name", ["bccd", "folder"])
def test_official_is_refused_where_there_is_none(name):
    with pytest.raises(UserError, match=f"data={name} has no official split"):
        resolve_split("official", listing(name, False))

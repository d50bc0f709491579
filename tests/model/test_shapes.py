"""The arithmetic of sizes, held against the published figures and against its own definition."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bloodstudy.config.schema import Factors
from bloodstudy.model import check, shapes, smallest_size

COMPACT = Factors(padding="valid", depth=6, colour="rgb", image_size=(200, 200), precision="float32")


def test_valid_convolutions_of_the_compact_net_need_this_many_pixels() -> None:
    assert [smallest_size("compact", depth, "valid") for depth in range(2, 7)] == [10, 22, 46, 94, 190]


def side_after(side: int, depth: int, padding: str) -> int:
    for _ in range(depth):
        side = shapes.side_after_block(side, padding)
    return side


def test_a_plug_in_has_no_known_least_size() -> None:
    assert smallest_size("somebodys_net", 6, "valid") == 1


@given(st.sampled_from(["reference", "compact"]), st.integers(1, 6), st.sampled_from(["valid", "same"]))
def test_smallest_size_is_where_a_pixel_first_remains(name: str, depth: int, padding: str) -> None:
    least = smallest_size(name, depth, padding)
    assert side_after(least, depth, padding) == 1
    assert side_after(least - 1, depth, padding) == 0


@given(st.integers(1, 400), st.integers(1, 6), st.sampled_from(["valid", "same"]))
def test_a_larger_image_never_leaves_less(side: int, depth: int, padding: str) -> None:
    assert side_after(side, depth, padding) <= side_after(side + 1, depth, padding)


@pytest.mark.parametrize(("units", "width", "scaled"), [(8, 0.5, 4), (5, 0.5, 3), (8, 0.01, 1), (16, 2, 32), (3, 1, 3)])
def test_width_rounds_halves_up_and_never_to_nothing(units: int, width: float, scaled: int) -> None:
    assert shapes.scaled(units, width) == scaled


def test_what_can_exist_has_no_problem() -> None:
    assert check("reference", Factors(precision="float32"), 4) == check("compact", COMPACT, 2) == []


def test_a_small_image_is_refused_with_the_least_size_and_remedies_that_work() -> None:
    factors = dataclasses.replace(COMPACT, image_size=(100, 300))
    (problem,) = check("compact", factors, 4)
    assert "at least 190 pixels" in problem
    assert "model=compact" in problem
    assert "image_size=[190,300] or padding=same or depth=5" in problem
    for remedy in ({"image_size": (190, 300)}, {"padding": "same"}, {"depth": 5}):
        assert check("compact", dataclasses.replace(factors, **remedy), 4) == []


def test_remedies_that_would_not_work_are_not_offered() -> None:
    (problem,) = check("compact", dataclasses.replace(COMPACT, image_size=(8, 8)), 4)
    assert "padding=same" not in problem
    assert "or depth=" not in problem


@pytest.mark.parametrize(("name", "depth"), [("reference", 0), ("reference", 7), ("compact", 1), ("compact", 7)])
def test_depth_out_of_range_is_refused(name: str, depth: int) -> None:
    (problem,) = check(name, dataclasses.replace(COMPACT, depth=depth), 4)
    assert f"received depth={depth}" in problem


def test_all_problems_are_found_together() -> None:
    assert len(check("compact", dataclasses.replace(COMPACT, image_size=(8, 8)), 1)) == 2

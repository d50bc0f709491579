"""The drawn splits: stratified, disjoint, the same for one seed, and grouped ones never cut a scene."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bloodstudy.config.schema import DataChoice
from bloodstudy.data.screening.listing import Listing
from bloodstudy.data.splits.split import divide, draw_grouped, draw_split, find_clean, resolve_split
from bloodstudy.errors import UserError

counts = st.dictionaries(st.sampled_from("ABCDE"), st.integers(2, 60), min_size=2)


@given(counts, st.floats(0.01, 0.99), st.integers(0, 2**31))
def test_each_class_gives_its_share_and_keeps_at_least_one(counts, share, seed):
    labels = [name for name, n in counts.items() for _ in range(n)]
    sides = draw_split(labels, share, seed)
    assert (sides == draw_split(labels, share, seed)).all()
    assert len(sides) == len(labels)
    assert set(sides) == {"train", "test"}
    for name, n in counts.items():
        tested = sum(side == "test" for side, label in zip(sides, labels, strict=True) if label == name)
        assert 1 <= tested <= n - 1
        assert abs(tested - n * share) <= 0.5 or tested in (1, n - 1)


def test_another_seed_is_another_split():
    labels, scenes = ["A"] * 60 + ["B"] * 60, [f"s{k // 3}" for k in range(120)]
    assert len({tuple(draw_split(labels, 0.2, seed)) for seed in range(20)}) == 20
    assert len({tuple(draw_grouped(labels, scenes, [0.8, 0.2], seed)) for seed in range(20)}) == 20


def test_every_image_is_tested_by_some_seed():
    tested = sum((draw_split(["A"] * 10 + ["B"] * 10, 0.2, seed) == "test").astype(int) for seed in range(100))
    assert isinstance(tested, np.ndarray)
    assert tested.min() > 5
    assert tested.max() < 40


def resolve(split: str, name: str, official: bool) -> str:
    return resolve_split(split, Listing(name, Path("images"), (), (), ("A", "B"), official))


def test_auto_is_official_if_there_is_such_a_split():
    assert resolve("auto", "kaggle", True) == "official"
    assert resolve("auto", "bccd", False) == resolve("random", "kaggle", True) == "random"


@pytest.mark.parametrize("name", ["bccd", "folder"])
@pytest.mark.parametrize("split", ["official", "official_clean"])
def test_official_is_refused_if_there_is_no_such_split(name, split):
    with pytest.raises(UserError, match=f"data.split={split}: data={name} has no official split"):
        resolve(split, name, False)


@st.composite
def scenes_and_labels(draw, parts: int):
    """Draw labels and scenes of images: each class has at least `parts` scenes of its own, some images have none."""
    labels, scenes = [], []
    for name in draw(st.lists(st.sampled_from("ABCDE"), min_size=2, max_size=5, unique=True)):
        for k, size in enumerate(draw(st.lists(st.integers(1, 12), min_size=parts, max_size=15))):
            labels += [name] * size
            scenes += [f"{name}{k}"] * size
    for _ in range(draw(st.integers(0, 4))):
        labels.append(labels[0])
        scenes.append("")
    order = draw(st.permutations(range(len(labels))))
    return [labels[i] for i in order], [scenes[i] for i in order]


shares = st.sampled_from([[0.8, 0.2], [0.5, 0.5], [0.95, 0.05], [1 / 3] * 3, [0.2] * 5])


@settings(deadline=None)
@given(shares, st.integers(0, 2**31), st.data())
def test_a_grouped_draw_cuts_no_scene_and_gives_each_part_its_share_of_each_class(wanted, seed, data):
    labels, scenes = data.draw(scenes_and_labels(len(wanted)))
    parts = draw_grouped(labels, scenes, wanted, seed)
    assert (parts == draw_grouped(labels, scenes, wanted, seed)).all()
    for scene in set(scenes):
        own = {int(part) for part, other in zip(parts, scenes, strict=True) if other == scene}
        assert own == {-1} if scene == "" else len(own) == 1
    for name in set(labels):
        own = Counter(scene for label, scene in zip(labels, scenes, strict=True) if label == name and scene)
        largest, spare = max(own.values()), len(own) > 3 * len(wanted)
        for part, share in enumerate(wanted):
            held = sum((parts == part) & (np.array(labels) == name))
            assert held > 0
            # Where a small share must take a scene from another part, that part is two scenes short at most.
            assert abs(held - share * own.total()) <= largest * (1 if spare and min(wanted) > 0.1 else 2)


@given(st.integers(0, 2**31))
def test_the_folds_are_disjoint_and_cover_every_placed_image(seed):
    labels = [name for name in "AB" for _ in range(40)]
    scenes = [f"{name}{k % 10}" for name in "AB" for k in range(40)]
    scenes[3] = ""
    choices = [DataChoice(split="grouped_kfold", folds=4, fold=fold, split_seed=seed) for fold in range(4)]
    divided = [divide("grouped_kfold", [], labels, scenes, choice) for choice in choices]
    tested = np.sum([sides == "test" for sides in divided], axis=0)
    assert tested[3] == 0
    assert (np.delete(tested, 3) == 1).all()
    assert all(sides[3] == "" for sides in divided)


def test_a_scene_of_two_classes_goes_whole_to_one_side():
    labels = ["A", "B"] * 10 + ["B"] * 20
    scenes = [f"both{k // 4}" for k in range(20)] + [f"b{k // 2}" for k in range(20)]
    parts = draw_grouped(labels, scenes, [0.5, 0.5], 0)
    for scene in set(scenes):
        assert len({part for part, own in zip(parts, scenes, strict=True) if own == scene}) == 1
    assert abs(sum(parts[np.array(labels) == "B"]) - 15) <= 2


def test_a_class_with_one_photograph_is_refused_with_counts():
    labels, scenes = ["A"] * 5 + ["B"] * 9, ["a"] * 5 + ["b1", "b2", "b3"] * 3
    message = r"data.split=grouped keeps .* too few of class 'A' for 2 sides; scenes: A: 1; B: 3\. Expect"
    with pytest.raises(UserError, match=message):
        divide("grouped", [], labels, scenes, DataChoice())
    with pytest.raises(UserError, match=r"classes 'A', 'B' .* at least 4 .* fewer data\.folds"):
        divide("grouped_kfold", [], labels, scenes, DataChoice(folds=4))


def test_scenes_shared_so_that_no_division_serves_all_classes_are_refused():
    labels, scenes = ["A", "A", "B", "B", "C", "C"], ["1", "2", "2", "3", "1", "3"]
    with pytest.raises(UserError, match=r"scenes of class '.' show other classes too"):
        draw_grouped(labels, scenes, [0.5, 0.5], 0)


SIDES = ["train"] * 80 + ["test"] * 20
LABELS = ["A", "B"] * 50
SCENES = [f"{'AB'[k % 2]}{k // 8}" for k in range(100)]


@pytest.mark.parametrize("split", ["official", "official_clean", "grouped", "grouped_kfold", "random"])
def test_validation_images_come_from_training_alone(split):
    without = divide(split, SIDES, LABELS, SCENES, DataChoice())
    divided = divide(split, SIDES, LABELS, SCENES, DataChoice(validation_share=0.25))
    assert ((divided == "test") == (without == "test")).all()
    for name in "AB":
        own = np.array(LABELS) == name
        trained, validated = (sum(own & (divided == side)) for side in ("train", "validation"))
        assert abs(validated - (trained + validated) / 4) <= 4
    crossing = set(np.array(SCENES)[divided == "train"]) & set(np.array(SCENES)[divided == "validation"])
    assert bool(crossing) == (split == "random")


def test_unknown_scenes_are_validated_at_random():
    divided = divide("official", SIDES, LABELS, [""] * 100, DataChoice(validation_share=0.25))
    assert Counter(divided) == {"train": 60, "validation": 20, "test": 20}


def test_validation_that_would_leave_no_training_image_is_refused_with_counts():
    scenes = ["a" if label == "A" else scene for label, scene in zip(LABELS, SCENES, strict=True)]
    with pytest.raises(UserError, match=r"data.validation_share=0.25 keeps .* class 'A' .* scenes: A: 1; B: 10"):
        divide("official", SIDES, LABELS, scenes, DataChoice(validation_share=0.25))
    with pytest.raises(UserError, match=r"class 'A' would have no training image left; training images: A: 1; B: 2"):
        divide("official", ["train"] * 3, ["A", "B", "B"], [""] * 3, DataChoice(validation_share=0.25))


def test_clean_images_are_tested_and_of_a_known_scene_that_nothing_else_shows():
    split = np.array(["train", "validation", "test", "test", "test", "test", ""], dtype=object)
    scenes = np.array(["a", "b", "a", "b", "c", "", "c"], dtype=object)
    assert find_clean(split, scenes).tolist() == [False, False, False, False, True, False, False]

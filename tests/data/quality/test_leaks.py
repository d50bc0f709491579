"""Leaks and conflicts, against a count by hand."""

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from bloodstudy.data.quality.leaks import SAME, count_across, find_conflicts, find_leaks, tally_leaks

SIDES = ("train", "validation", "test")
ROW = st.tuples(
    st.sampled_from("AB"), st.sampled_from([*SIDES, ""]),
    st.sampled_from(["", "p1", "p2", "p3"]), st.sampled_from(["", "s1", "s2"]), st.sampled_from(["c1", "c2", "c3"]),
)  # fmt: skip


def frame(rows):
    table = pd.DataFrame(rows, columns=["class", "split", "photograph", "scene", "sha256"])
    return table.assign(image=[f"{k}.jpg" for k in range(len(rows))])


@given(st.lists(ROW, min_size=1, max_size=30))
def test_every_test_image_is_compared_with_all_training_images(rows):
    images = frame(rows)
    leaks = find_leaks(images)
    assert leaks["image"].tolist() == images.loc[images["split"] == "test", "image"].tolist()
    training = images[images["split"].isin(["train", "validation"])]
    for leak in leaks.to_dict("records"):
        own = images[images["image"] == leak["image"]].iloc[0]
        for kind, column in SAME.items():
            if own[column] == "":
                assert pd.isna(leak[kind])
            else:
                assert leak[kind] == (training[column] == own[column]).sum()


@given(st.lists(ROW, min_size=1, max_size=30))
def test_the_tally_of_the_classes_adds_up(rows):
    images = frame(rows)
    leaks = find_leaks(images)
    table = tally_leaks(leaks, ("A", "B"), scenes_known=True)
    assert table["class"].tolist() == ["A", "B", "all"]
    for name in ("images", "any"):
        assert table[name].iloc[2] == table[name].iloc[0] + table[name].iloc[1]
    hit = sum(any((leak[kind] or 0) > 0 for kind in SAME) for leak in leaks.fillna(0).to_dict("records"))
    assert table["any"].iloc[2] == hit


def test_unknown_is_never_none():
    images = frame([("A", "train", "", "", "c1"), ("A", "test", "", "", "c2"), ("B", "test", "", "", "c1")])
    table = tally_leaks(find_leaks(images), ("A", "B"), scenes_known=False)
    assert table["same_bytes"].tolist() == [0, 1, 1]
    assert table[["same_photograph", "same_scene", "any", "share"]].isna().all().all()


def test_a_class_called_all_is_not_mixed_up_with_all_classes():
    rows = [("all", "train", "p1", "s1", "c1"), ("all", "test", "p1", "s1", "c2"), ("B", "test", "p2", "s2", "c3")]
    table = tally_leaks(find_leaks(frame(rows)), ("B", "all"), scenes_known=True)
    assert table["any"].tolist() == [0, 1, 1]


@given(st.lists(ROW, min_size=1, max_size=30))
def test_a_conflict_is_a_scene_under_two_classes(rows):
    images = frame(rows)
    found = find_conflicts(images, SIDES)
    labels = images[images["scene"] != ""].groupby("scene")["class"].nunique()
    assert set(found["scene"]) == set(labels[labels > 1].index)
    for row in found.to_dict("records"):
        own = images[(images["scene"] == row["scene"]) & (images["class"] == row["class"])]
        assert [row[side] for side in SIDES] == [(own["split"] == side).sum() for side in SIDES]


@given(st.lists(ROW, min_size=1, max_size=30))
def test_what_stands_on_both_sides_is_counted_once(rows):
    tested = {row[3] for row in rows if row[1] == "test"}
    trained = {row[3] for row in rows if row[1] in ("train", "validation")}
    assert count_across(frame(rows), "scene") == len((tested & trained) - {""})

"""Keys that are typed and that nothing reads."""

import dataclasses

import pytest

from bloodstudy.config.readers import READERS, find_unread
from bloodstudy.config.schema import DataChoice

READ = {  # a choice of data, with its split, that reads the key; one that does not
    "data.root": (("folder", "random"), ("smear", "official")),
    "data.view": (("bccd", "random"), ("kaggle", "official")),
    "data.photographs": (("smear", "official"), ("kaggle", "official")),
    "data.copies": (("smear", "official"), ("folder", "random")),
    "data.draw_seed": (("smear", "auto"), ("bccd", "auto")),
    "data.test_share": (("kaggle", "grouped"), ("kaggle", "official_clean")),
    "data.folds": (("kaggle", "grouped_kfold"), ("kaggle", "grouped")),
    "data.fold": (("kaggle", "grouped_kfold"), ("kaggle", "random")),
    "data.split_seed": (("kaggle", "random"), ("kaggle", "official")),
}


@pytest.mark.parametrize("key", READ)
def test_a_key_is_read_by_some_data_and_not_by_others(key):
    read, unread = ((DataChoice(name=name), split) for name, split in READ[key])
    assert find_unread(key, [read]) is None
    assert find_unread(key, [unread, read]) is None, "one job of a sweep is enough"
    assert find_unread(key, [unread]).startswith(
        f"{key} is read by {READERS[key].named}; received data={unread[0].name}"
    )


def test_a_split_that_is_not_settled_may_read_all_that_a_split_reads():
    for key in ("data.test_share", "data.folds", "data.fold", "data.split_seed"):
        assert find_unread(key, [(DataChoice(name="folder"), "auto")]) is None


def test_validation_images_are_drawn_by_the_split_s_seed():
    assert find_unread("data.split_seed", [(DataChoice(validation_share=0.2), "official")]) is None


def test_every_key_of_the_data_is_read_by_all_or_stands_in_the_table():
    by_all = {"name", "split", "validation_share", "measured_share", "task", "max_refused", "max_bytes", "max_pixels"}
    keys = {field.name for field in dataclasses.fields(DataChoice)}
    assert {f"data.{key}" for key in keys - by_all} == {key for key in READERS if key.startswith("data.")}

from dataclasses import fields, replace

import pytest

from bloodstudy.config.schema import DataChoice, Factors, Places
from bloodstudy.study.trial import DataIdentity, Trial, identify

OTHER = {
    "lr": 0.1, "batch_size": 7, "epochs": 3, "optimizer": "sgd", "dropout": 0.5, "conv_dropout": 0.5, "pooling": "none",
    "padding": "valid", "augment": "flip", "width": 2.0, "depth": 3, "head": "average", "norm": "none", "colour": "rgb",
    "image_size": (60, 80), "precision": "bfloat16", "seed": 9, "schedule": "cosine", "warmup": 0.1,
    "weight_decay": 0.1, "clip_norm": 1.0, "ema": 0.9, "label_smoothing": 0.1, "class_weight": "balanced",
    "early_stopping": 3, "kernel_size": 5, "activation": "elu", "initializer": "orthogonal", "backbone": "VGG16",
    "weights": "imagenet", "frozen": "all", "engine": "jax",
}  # fmt: skip


def trial(factors=None, model="reference", fingerprint="f" * 16, split="official", scenes="s" * 16, arm="a", **choice):
    identity = identify(DataChoice(**choice), split, fingerprint, scenes)
    return Trial("scratch", arm, model, factors or Factors(), identity)


@pytest.mark.parametrize("name", Factors().levels)
def test_every_factor_is_part_of_the_key(name):
    assert trial(replace(Factors(), **{name: OTHER[name]})).key != trial().key


@pytest.mark.parametrize(
    "change",
    [{"model": "compact"}, {"fingerprint": "0" * 16}, {"split": "random"}, {"task": "nuclearity"}, {"name": "kaggle"}],
)
def test_model_and_data_are_part_of_the_key(change):
    assert trial(**change).key != trial().key


@pytest.mark.parametrize("change", [
    {"arm": "b"}, {"root": "/elsewhere"}, {"max_refused": 0.5}, {"max_bytes": 1}, {"max_pixels": 1}, {"copies": 3},
    {"split": "official_clean"}, {"view": "cell"},
])  # fmt: skip
def test_names_paths_limits_and_views_of_other_images_are_not(change):
    assert trial(**change).key == trial().key


def test_the_view_of_images_that_have_several_is_part_of_the_key():
    assert trial(name="bccd", view="cell").key != trial(name="bccd").key


SPLITS = {"official", "official_clean", "grouped", "grouped_kfold", "random"}
CUT = {"validation_share": 0.2}


@pytest.mark.parametrize(("usual", "change", "counts"), [
    ({}, {"split_seed": 1}, {"grouped", "grouped_kfold", "random"}),
    ({}, {"test_share": 0.3}, {"grouped", "random"}),
    ({}, {"folds": 4}, {"grouped_kfold"}),
    ({}, {"fold": 1}, {"grouped_kfold"}),
    ({}, {"scenes": "0" * 16}, {"grouped", "grouped_kfold"}),
    ({}, CUT, SPLITS),
    (CUT, {"split_seed": 1}, SPLITS),
    (CUT, {"scenes": "0" * 16}, SPLITS - {"random"}),
])  # fmt: skip
def test_what_a_division_depends_on_is_part_of_the_key_there_alone(usual, change, counts):
    keys = {split: (trial(split=split, **usual).key, trial(split=split, **usual | change).key) for split in SPLITS}
    assert {split for split, (before, after) in keys.items() if before != after} == counts


def test_no_place_is_part_of_a_trial():
    assert not {field.name for field in fields(Places)} & {field.name for field in fields(Factors)}


def test_a_key_stays_the_same_from_one_release_to_the_next():
    factors = Factors(
        lr=1e-3, batch_size=100, epochs=40, optimizer="adam", dropout=0.0, conv_dropout=0.0, pooling="max",
        padding="same", augment="none", width=1.0, depth=4, head="flatten", norm="lrn", colour="gray",
        image_size=(120, 160), precision="float32", seed=0,
    )  # fmt: skip
    data = DataIdentity("kaggle", "subtype", "field", "official", "e3a5a7a65ed21d89")
    assert Trial("scratch", "any", "reference", factors, data).key == "61c4f4a11de79fcc"

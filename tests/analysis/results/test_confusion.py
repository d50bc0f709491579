import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from bloodstudy.analysis import EvaluationImages, Predictions, examine

CLASSES = ("B", "A", "C")  # as a data set orders them, not sorted


def predictions(labels, guesses, photographs, split="test"):
    likely = np.full((len(labels), 3), 200)
    likely[np.arange(len(labels)), guesses] = 600
    table = pd.DataFrame({"label": [CLASSES[i] for i in labels]}).assign(split=split, photograph=photographs, scene="")
    return table, likely


def look(*parts):
    tables, likely = zip(*parts, strict=True)
    return Predictions(EvaluationImages(pd.concat(tables, ignore_index=True), CLASSES), np.concatenate(likely))


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=30))
def test_the_confusion_counts_each_pair_of_classes(pairs):
    labels, guesses = np.array(pairs, dtype=int).reshape(-1, 2).T
    confusion = examine(look(predictions(labels, guesses, "p")), "official").confusion
    assert confusion.to_numpy().tolist() == [[pairs.count((truth, guess)) for guess in range(3)] for truth in range(3)]
    assert list(confusion.index) == list(confusion.columns) == list(CLASSES)


def test_training_images_do_not_count_but_their_photographs_do():
    test = predictions([0, 1, 2, 0], [0, 0, 2, 0], ["p1", "p1", "p2", "p3"])
    train = predictions([1, 1], [1, 1], ["p1", "p9"], split="train")
    tested = examine(look(train, test), "official")
    assert tested.confusion.to_numpy().tolist() == [[2, 0, 0], [1, 0, 0], [0, 0, 1]]
    assert (tested.photographs, tested.shared) == (3, 1)


def test_photographs_that_are_not_known_are_not_counted():
    assert examine(look(predictions([0, 1], [0, 1], ["p1", ""])), "official").photographs is None


def test_validation_photographs_are_not_training_photographs():
    parts = [predictions([0], [0], ["p1"], split) for split in ("test", "validation")]
    assert examine(look(*parts, predictions([0], [0], ["p2"], "train")), "official").shared == 0


def test_official_clean_leaves_out_test_images_whose_scene_is_in_training_or_unknown():
    table, likely = predictions([0, 1, 2, 0], [0, 1, 2, 0], "p")
    table = table.assign(split=["train", "test", "test", "test"], scene=["a", "a", "b", ""])
    assert examine(look((table, likely)), "official_clean").confusion.to_numpy().sum() == 1
    assert examine(look((table, likely)), "official").confusion.to_numpy().sum() == 3
    assert examine(look((table.assign(scene="a"), likely)), "official_clean").confusion.to_numpy().sum() == 0

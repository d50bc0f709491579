import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix

from bloodstudy.analysis import examine
from bloodstudy.analysis.examined import drop_seen

CLASSES = ["B", "A", "C"]  # as a data set orders them, not sorted


def predictions(labels, guesses, photographs, split="test"):
    likely = np.full((len(labels), 3), 0.2)
    likely[np.arange(len(labels)), guesses] = 0.6
    table = pd.DataFrame(likely, columns=[f"p_{name}" for name in CLASSES])
    return table.assign(split=split, label=[CLASSES[i] for i in labels], photograph=photographs)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=30))
def test_the_confusion_is_sklearns(pairs):
    labels, guesses = (list(column) for column in zip(*pairs, strict=True))
    confusion = examine(predictions(labels, guesses, "p")).confusion
    names = [[CLASSES[i] for i in column] for column in (labels, guesses)]
    assert (confusion.to_numpy() == confusion_matrix(*names, labels=CLASSES)).all()
    assert list(confusion.index) == list(confusion.columns) == CLASSES


def test_training_images_do_not_count_but_their_photographs_do():
    test = predictions([0, 1, 2, 0], [0, 0, 2, 0], ["p1", "p1", "p2", "p3"])
    train = predictions([1, 1], [1, 1], ["p1", "p9"], split="train")
    tested = examine(pd.concat([train, test], ignore_index=True))
    assert tested.confusion.to_numpy().tolist() == [[2, 0, 0], [1, 0, 0], [0, 0, 1]]
    assert (tested.photographs, tested.shared) == (3, 1)


def test_photographs_that_are_not_known_are_not_counted():
    assert examine(predictions([0, 1], [0, 1], ["p1", ""])).photographs is None
    assert examine(predictions([0, 1], [0, 1], [None, "p1"])).shared is None


def test_validation_photographs_are_not_training_photographs():
    tables = [predictions([0], [0], ["p1"], split) for split in ("test", "validation")]
    train = predictions([0], [0], ["p2"], "train")
    assert examine(pd.concat([*tables, train], ignore_index=True)).shared == 0


def test_test_images_whose_scene_is_in_training_or_unknown_are_dropped():
    table = predictions([0, 1, 2, 0], [0, 1, 2, 0], "p").assign(
        split=["train", "test", "test", "test"], scene=["a", "a", "b", ""]
    )
    assert drop_seen(table)["scene"].tolist() == ["a", "b"]
    assert drop_seen(table)["split"].tolist() == ["train", "test"]

import numpy as np

from bloodstudy.training import timing


def test_some_batches_are_timed_and_nothing_is_written(assignment):
    images, labels = np.load(assignment.images), assignment.manifest["label"]
    before = sorted(assignment.folder.iterdir())
    took = timing.time_batches(assignment, images, np.eye(3, dtype="float32")[labels])
    assert took["start_seconds"] > took["batch_seconds"] > 0, "the network is compiled before its first batch"
    assert took["batch_seconds"] > took["image_seconds"] > 0
    assert sorted(assignment.folder.iterdir()) == before

import numpy as np

from bloodstudy.training import timing


def test_some_batches_are_timed_and_nothing_is_written(assignment):
    images, labels = np.load(assignment.images), assignment.manifest["label"]
    before = sorted(assignment.folder.iterdir())
    one_hot = np.eye(3, dtype="float32")[labels]
    took = timing.time_batches(assignment, images, one_hot, lambda: 512.0)
    assert took.start_seconds > took.batch_seconds > 0, "the network is compiled before its first batch"
    assert took.batch_seconds > took.image_seconds > 0
    assert took.peak_memory_mb == 512
    assert timing.time_batches(assignment, images, one_hot, lambda: 512.0).weights == took.weights
    assert sorted(assignment.folder.iterdir()) == before

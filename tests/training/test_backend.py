import subprocess
import sys

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from bloodstudy.training import backend  # noqa: E402
from bloodstudy.training.batches import Feed, Gallery  # noqa: E402

IMAGES = np.arange(40, dtype="uint8").reshape(10, 2, 2, 1)
ONE_HOT = np.eye(2, dtype="float32")[np.arange(10) % 2]


def test_a_stream_gives_the_batches_of_its_feed_epoch_by_epoch():
    feed = Feed(IMAGES, ONE_HOT, np.arange(10), 4, seed=1)
    stream = backend.stream(feed)
    for epoch in (0, 1):
        feed.start_epoch(epoch)
        batches = list(stream)
        assert len(batches) == len(stream) == 3
        for position, (images, labels) in enumerate(batches):
            assert (images.numpy() == feed[position][0]).all()
            assert (labels.numpy() == feed[position][1]).all()


def test_a_stream_keeps_types_and_leaves_the_batch_size_open():
    images, labels = backend.stream(Feed(IMAGES, ONE_HOT, np.arange(10), 4, seed=1)).element_spec
    assert (images.dtype, images.shape.as_list()) == ("uint8", [None, 2, 2, 1])
    assert (labels.dtype, labels.shape.as_list()) == ("float32", [None, 2])
    (alone,) = backend.stream(Gallery(IMAGES)).element_spec
    assert alone.shape.as_list() == [None, 2, 2, 1]


def test_a_stream_has_no_tuner_to_wait_for():
    assert backend.stream(Gallery(IMAGES)).options().autotune.enabled is False


def test_another_backend_gets_the_feed_itself(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    gallery = Gallery(IMAGES)
    assert backend.stream(gallery) is gallery


def test_what_keras_can_do_without_is_not_imported_and_can_be_afterwards(tmp_path):
    code = """if True:
        import sys
        from bloodstudy.training import backend
        backend.set_up(1)
        print(sorted(set(backend.UNUSED) & set(sys.modules)))
        import cv2, jax, matplotlib.pyplot, sklearn
        print(jax.__name__, sklearn.__name__)
    """
    ended = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines() == ["[]", "jax sklearn"]

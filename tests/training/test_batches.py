import numpy as np
import pytest

keras = pytest.importorskip("keras")

from bloodstudy.training.batches import Feed, Gallery  # noqa: E402

IMAGES = np.arange(40, dtype="uint8").reshape(10, 2, 2, 1)
ONE_HOT = np.eye(2, dtype="float32")[np.arange(10) % 2]
ROWS = np.array([0, 2, 3, 5, 7, 8, 9])


def epoch_of(feed, epoch):
    feed.start_epoch(epoch)
    return [feed[position] for position in range(len(feed))]


def test_an_epoch_shows_every_training_image_once_with_its_label():
    batches = epoch_of(Feed(IMAGES, ONE_HOT, ROWS, 3, seed=1), 0)
    assert [len(images) for images, _ in batches] == [3, 3, 1]
    seen = np.concatenate([images[:, 0, 0, 0] for images, _ in batches]) // 4
    assert sorted(seen) == list(ROWS)
    assert (np.concatenate([labels for _, labels in batches]) == ONE_HOT[seen]).all()


def test_the_order_depends_on_seed_and_epoch_alone():
    def order(seed, epoch):
        return [tuple(images[:, 0, 0, 0]) for images, _ in epoch_of(Feed(IMAGES, ONE_HOT, ROWS, 3, seed=seed), epoch)]

    assert order(1, 4) == order(1, 4)
    assert order(1, 4) != order(1, 5)
    assert order(1, 4) != order(2, 4)


def test_augmentation_gets_a_seed_of_its_own_for_every_batch_and_epoch():
    seeds = []
    feed = Feed(IMAGES, ONE_HOT, ROWS, 3, seed=1, augmenters=[lambda x, y, seed: (seeds.append(seed), (x, y))[1]])
    epoch_of(feed, 0)
    epoch_of(feed, 1)
    first = list(seeds)
    assert len(set(first)) == 6
    seeds.clear()
    epoch_of(feed, 1)
    assert seeds == first[3:]


@pytest.mark.parametrize("rows", [None, np.array([1, 4, 8])])
def test_a_gallery_shows_its_rows_once_in_their_order(rows):
    gallery = Gallery(IMAGES, rows, ONE_HOT, batch_size=2)
    batches = [gallery[position] for position in range(len(gallery))]
    seen = np.concatenate([images[:, 0, 0, 0] for images, _ in batches]) // 4
    assert seen.tolist() == (list(range(10)) if rows is None else rows.tolist())
    assert (np.concatenate([labels for _, labels in batches]) == ONE_HOT[seen]).all()
    assert [len(batch) for batch in (Gallery(IMAGES)[0], gallery[0])] == [1, 2]

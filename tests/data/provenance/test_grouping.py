"""Images without originals, grouped among themselves."""

import numpy as np
import pytest
from PIL import Image

from bloodstudy.data.provenance.grouping import group_images
from bloodstudy.data.synthetic.draw import CLASSES, augment_copy, draw_photograph


@pytest.fixture(scope="module")
def copies():
    """Seven photographs with one to six copies each, in a mixed order: grey pixels and the true photograph."""
    rng = np.random.default_rng(0)
    truth = np.repeat(np.arange(7), [6, 5, 4, 3, 2, 2, 1])
    rng.shuffle(truth)
    photographs = [draw_photograph(CLASSES[k % 4], np.random.default_rng(k)) for k in range(7)]
    made = [augment_copy(photographs[true], rng)[0] for true in truth]
    return [np.asarray(Image.fromarray(copy).convert("L")) for copy in made], truth


def test_copies_of_one_photograph_are_one_group(copies):
    greys, truth = copies
    told = []
    groups = group_images(greys.__getitem__, len(greys), lambda *progress: told.append(progress))
    assert ((groups[:, None] == groups[None]) == (truth[:, None] == truth[None])).all()
    assert list(dict.fromkeys(stage for stage, _, _ in told)) == ["describing", "comparing", "joining"]
    assert ("describing", 23, 23) in told
    assert ("comparing", 23, 23) in told
    assert told[-1] == ("joining", 7, 7)
    assert groups[0] == 0, "groups are numbered by their first image"
    assert [int(g) for g in dict.fromkeys(groups.tolist())] == list(range(max(groups) + 1))


def test_images_that_share_nothing_stay_alone():
    greys = [
        np.asarray(Image.fromarray(draw_photograph("MONOCYTE", np.random.default_rng(k))).convert("L").reduce(2))
        for k in range(5)
    ]
    greys.append(np.full((240, 320), 128, np.uint8))
    assert list(group_images(greys.__getitem__, 6)) == list(range(6))


def test_frames_that_overlap_are_one_group_in_the_second_round():
    # Twelve copies each: every feature's nearest are copies of its own frame, so the overlap shows only between groups.
    rng = np.random.default_rng(1)
    field = draw_photograph("NEUTROPHIL", np.random.default_rng(3))
    frames = [np.asarray(Image.fromarray(field[:, x : x + 480]).resize((640, 480))) for x in (0, 160)]
    greys = [
        np.asarray(Image.fromarray(augment_copy(frame, rng)[0]).convert("L")) for frame in frames for _ in range(12)
    ]
    assert set(group_images(greys.__getitem__, len(greys))) == {0}

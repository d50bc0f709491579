"""One picture laid over another."""

import io

import numpy as np
import pytest
from PIL import Image

from bloodstudy.data.provenance.align import align
from bloodstudy.data.provenance.features import describe
from bloodstudy.data.synthetic.draw import augment_copy, draw_photograph


def picture(pixels, quality=None):
    image = Image.fromarray(pixels).convert("L")
    if image.width > 320:
        image = image.reduce(2)
    if quality:
        stream = io.BytesIO()
        image.save(stream, "JPEG", quality=quality)
        image = Image.open(stream)
    return describe(np.asarray(image))


@pytest.fixture(scope="module")
def photographs():
    return [draw_photograph(kind, np.random.default_rng(k)) for k, kind in enumerate(("EOSINOPHIL", "MONOCYTE"))]


@pytest.mark.parametrize("seed", range(6))
def test_the_transform_of_a_copy_is_found(photographs, seed):
    copy, made = augment_copy(photographs[0], np.random.default_rng(seed))
    laid, original = picture(copy, quality=75), picture(photographs[0])
    mirrored = made.flip_x != made.flip_y
    match = align(laid, original.mirrored() if mirrored else original)
    assert match.correlation > 0.9
    assert match.cover > 0.98
    assert np.allclose(match.stretch, 1, atol=0.02)
    true = np.array(made.backward()).reshape(2, 3)
    if mirrored:
        true[0] = [-true[0, 0], -true[0, 1], 320 - true[0, 2]]
    corners = np.array([[40, 40, 1], [280, 40, 1], [160, 200, 1]])
    assert np.abs(corners @ match.matrix.T - corners @ true.T).max() < 2


def test_the_wrong_mirror_image_and_another_photograph_do_not_correlate(photographs):
    original, other = picture(photographs[0]), picture(photographs[1])
    for wrong in (original.mirrored(), other):
        match = align(original, wrong)
        assert match is None or match.score < 0.6


def test_a_picture_without_features_lies_on_nothing(photographs):
    flat = describe(np.full((240, 320), 128, np.uint8))
    assert align(flat, picture(photographs[0])) is None
    assert align(picture(photographs[0]), flat) is None


def test_dust_on_the_camera_is_not_enough(photographs):
    # Specks in the same place on every photograph make features agree on no shift at all, as the real ones do.
    rng = np.random.default_rng(0)
    specks = [
        (y, x, rng.integers(30, 200, (5, 5, 1)).repeat(4, 0).repeat(4, 1)) for y, x in rng.integers(20, 440, (25, 2))
    ]
    dusty = [photograph.copy() for photograph in photographs]
    for y, x, speck in specks:
        for photograph in dusty:
            photograph[y : y + 20, x : x + 20] = speck
    match = align(picture(dusty[0]), picture(dusty[1]))
    assert match.inliers >= 6
    assert match.correlation < 0.75


def test_refining_finds_a_shear_that_features_alone_leave_blurred(photographs):
    original = picture(photographs[0])
    half = Image.fromarray(original.grey)
    sheared = half.transform(half.size, Image.Transform.AFFINE, (1, 0.12, -14, 0, 1, 0), Image.Resampling.BILINEAR)
    laid = describe(np.asarray(sheared))
    rough, fine = align(laid, original, enough=0.0), align(laid, original, enough=1.0)
    assert fine.score >= rough.score
    assert fine.score > 0.97

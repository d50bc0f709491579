"""Augmentation: each level changes what it should, and nothing but the seed decides how."""

from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest

from bloodstudy.config.rules import RULES
from bloodstudy.config.schema import Factors
from bloodstudy.model import augmenters
from bloodstudy.model.augment import Augmenter

LEVELS = [level for level in RULES["augment"].levels if level != "none"]
CLASSES = 4


def batch(channels: int, count: int = 12) -> tuple[np.ndarray, np.ndarray]:
    images = np.random.default_rng(channels).integers(0, 256, (count, 20, 24, channels), dtype=np.uint8)
    return images, np.eye(CLASSES, dtype="float32")[np.arange(count) % CLASSES]


def smooth(channels: int, count: int = 12) -> np.ndarray:
    rows, columns = np.mgrid[0:20, 0:24]
    one = 40 + 6 * rows + 3 * columns
    return np.repeat(np.stack([one + 2 * i for i in range(count)])[..., None], channels, -1).astype("uint8")


def of(level: str, channels: int) -> Augmenter:
    (made,) = augmenters(Factors(augment=level, colour="rgb" if channels == 3 else "gray"), CLASSES)
    assert made is not None
    return made


def test_none_is_nothing() -> None:
    assert augmenters(Factors(augment="none"), CLASSES) == []


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("level", LEVELS)
def test_only_the_arguments_decide_and_types_and_shapes_stay(level: str, channels: int) -> None:
    images, labels = batch(channels)
    kept = images.copy(), labels.copy()
    augment = of(level, channels)
    first = augment(images, labels, 7)
    assert [(x.shape, x.dtype) for x in first] == [(images.shape, np.uint8), (labels.shape, np.float32)]
    assert not np.array_equal(first[0], images)
    assert augment.mixes_labels == (level == "mixup") == (not np.array_equal(first[1], labels))
    np.testing.assert_allclose(first[1].sum(axis=1), 1, atol=1e-6)
    for seed in (8, 9, 2**40):
        other = augment(images, labels, seed)
        assert not np.array_equal(first[0], other[0]), "another seed should give another batch"
    keras.utils.set_random_seed(3)
    for again in (augment(images, labels, 7), of(level, channels)(images, labels, 7)):
        np.testing.assert_array_equal(first[0], again[0])
        np.testing.assert_array_equal(first[1], again[1])
    np.testing.assert_array_equal(images, kept[0])
    np.testing.assert_array_equal(labels, kept[1])


@pytest.mark.parametrize("level", LEVELS)
def test_a_background_thread_with_another_dtype_policy_gets_the_same(level: str) -> None:
    images, labels = batch(3)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        augment = of(level, 3)
    finally:
        keras.config.set_dtype_policy(before)
    seeds = [0, 1, 2, 3] * 3
    expected = [augment(images, labels, seed) for seed in seeds]
    with ThreadPoolExecutor(3) as pool:
        received = list(pool.map(lambda seed: augment(images, labels, seed), seeds))
    for (new, mixed), (image, label) in zip(received, expected, strict=True):
        np.testing.assert_array_equal(new, image)
        np.testing.assert_array_equal(mixed, label)


def test_flips_each_direction_by_itself() -> None:
    images, labels = batch(3, count=64)
    new, _ = of("flip", 3)(images, labels, 0)
    views = {"none": images, "across": images[:, :, ::-1], "down": images[:, ::-1], "both": images[:, ::-1, ::-1]}
    kinds = [[name for name, view in views.items() if np.array_equal(view[i], new[i])] for i in range(64)]
    assert all(len(kind) == 1 for kind in kinds)
    counts = {name: sum(kind == [name] for kind in kinds) for name in views}
    assert min(counts.values()) >= 5, counts


@pytest.mark.parametrize("level", ["rotate", "shift", "affine"])
def test_what_comes_in_from_outside_is_black(level: str) -> None:
    images, labels = np.full((32, 20, 24, 1), 200, "uint8"), np.zeros((32, CLASSES), "float32")
    new, _ = of(level, 1)(images, labels, 0)
    black = (new == 0).mean(axis=(1, 2, 3))
    assert black.max() > 0.02
    assert black.mean() < 0.25
    assert (new[:, 8:12, 10:14] == 200).all()


def test_shift_moves_by_a_tenth_at_most() -> None:
    images, labels = np.full((64, 40, 60, 1), 200, "uint8"), np.zeros((64, CLASSES), "float32")
    new, _ = of("shift", 1)(images, labels, 0)
    assert (new[:, 4:-4, 6:-6] == 200).all()
    assert (new[:, 2:-2, 3:-3] != 200).any()


@pytest.mark.parametrize("alone", range(4))
def test_affine_resamples_as_each_layer_alone_would(alone: int) -> None:
    kinds = {
        keras.layers.RandomRotation: {"factor": 20 / 360},
        keras.layers.RandomTranslation: {"height_factor": 0.1, "width_factor": 0.1},
        keras.layers.RandomZoom: {"height_factor": 0.1},
        keras.layers.RandomShear: {"x_factor": 0.1, "y_factor": 0.1},
    }
    exact = {"seed": 0, "dtype": "float32", "fill_mode": "constant"}
    steps = [
        kind(**{key: value if i == alone else 0.0 for key, value in limits.items()}, **exact)
        for i, (kind, limits) in enumerate(kinds.items())
    ]
    images = smooth(1)
    new, _ = Augmenter("affine", CLASSES, tuple(steps))(images, np.zeros((12, CLASSES)), 3)
    words = np.random.SeedSequence(3).generate_state(2, np.uint32)
    generator, expected = keras.random.SeedGenerator(int(words[0] >> 1)), None
    for i, step in enumerate(steps):
        drawn = step.get_random_transformation(images, training=True, seed=generator)
        if i == alone:
            expected = keras.ops.convert_to_numpy(step.transform_images(images, drawn))
    assert expected is not None
    assert not np.array_equal(np.round(expected), images)
    if alone == 3:  # ours turns about the middle, Keras's shear about the corner: the slope is the same
        assert np.abs(new[:, 10, 12].astype(int) - images[:, 10, 12]).max() <= 2
        return
    assert np.abs(new - expected).max() <= 0.51


def test_colour_changes_brightness_contrast_and_saturation_both_ways() -> None:
    images, labels = batch(3, count=64)
    images = images // 2 + 64
    new, _ = of("colour", 3)(images, labels, 0)

    def facts(x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        x = x.astype(float)
        return x.mean(axis=(1, 2, 3)), x.std(axis=(1, 2, 3)), (x.max(-1) - x.min(-1)).mean(axis=(1, 2))

    for before, after in zip(facts(images), facts(new), strict=True):
        ratio = after / before
        assert ratio.min() < 0.9
        assert ratio.max() > 1.1


def test_mixup_mixes_labels_as_it_mixes_images() -> None:
    images = np.zeros((40, 4, 4, 1), "uint8")
    images[20:] = 200
    labels = np.eye(2, dtype="float32")[np.repeat([0, 1], 20)]
    new, mixed = Augmenter.of("mixup", 1, 2)(images, labels, 0)
    np.testing.assert_allclose(new[:, 0, 0, 0] / 200, mixed[:, 1], atol=0.5 / 200 + 1e-6)
    assert ((mixed > 0.01) & (mixed < 0.99)).any()


def test_mixup_refuses_labels_that_cannot_be_mixed() -> None:
    images, _ = batch(1)
    with pytest.raises(ValueError, match=r"one-hot labels \(batch, 4\)"):
        of("mixup", 1)(images, np.zeros(12), 0)


@pytest.mark.parametrize(("channels", "count"), [(1, 9), (3, 10)])
def test_randaugment_can_draw_each_operation_and_none_breaks_a_black_image(channels: int, count: int) -> None:
    augment = of("randaugment", channels)
    assert len({type(step).__name__ for step in augment.steps}) == len(augment.steps) == count
    images, labels = smooth(channels), np.zeros((12, CLASSES), "float32")
    for step in augment.steps:
        alone = Augmenter("shift", CLASSES, (step,))
        for given in (images, np.zeros_like(images)):
            assert alone(given, labels, 0)[0].shape == images.shape
    assert len({augment(images, labels, seed)[0].tobytes() for seed in range(10)}) == 10

"""Photographs of one field, found among others."""

import itertools

import numpy as np
import pytest
from PIL import Image
from scipy import fft, ndimage

from bloodstudy.config.schema import DataChoice
from bloodstudy.data import load
from bloodstudy.data.provenance.features import describe, read_grey
from bloodstudy.data.provenance.scenes import find_overlaps, join, join_copies
from bloodstudy.data.screening import decode
from bloodstudy.data.synthetic.draw import draw_photograph


def shifted(photograph, x, y):
    """Return two frames of 400 x 300 cut from one field, the second shifted by (x, y)."""
    return photograph[:300, :400], photograph[y : y + 300, x : x + 400]


def picture(pixels):
    return describe(np.asarray(Image.fromarray(pixels).convert("L").resize((320, 240), Image.Resampling.BILINEAR)))


@pytest.fixture(scope="module")
def fields():
    kinds = ("EOSINOPHIL", "LYMPHOCYTE", "MONOCYTE", "NEUTROPHIL")
    return [draw_photograph(kind, np.random.default_rng(k)) for k, kind in enumerate(kinds * 2)]


def test_shifted_frames_are_found_and_no_others(fields):
    shifts = [(10, 5), (100, 60), (200, 0), (160, 150)]  # share of the frame in common: 0.96, 0.6, 0.5, 0.3
    frames = [frame for field, shift in zip(fields, shifts, strict=False) for frame in shifted(field, *shift)]
    frames += [field[:300, :400] for field in fields[4:]]
    overlaps = find_overlaps([picture(frame) for frame in frames])
    assert [(overlap.first, overlap.second) for overlap in overlaps] == [(0, 1), (2, 3), (4, 5), (6, 7)]
    covers = [overlap.cover for overlap in overlaps]
    assert np.allclose(covers, [(1 - x / 400) * (1 - y / 300) for x, y in shifts], atol=0.03)
    assert min(overlap.correlation for overlap in overlaps) > 0.9


def test_progress_counts_the_pictures(fields):
    steps = []
    find_overlaps([picture(field[:300, :400]) for field in fields[:3]], lambda *step: steps.append(step))
    assert steps == [("comparing", done, 3) for done in (1, 2, 3)]


def test_a_chain_of_pairs_is_one_group():
    assert list(join([(0, 3), (3, 5), (1, 2)], 6)) == [0, 1, 1, 0, 2, 0]
    assert list(join([], 3)) == [0, 1, 2]


def test_files_of_the_same_content_show_one_scene():
    scenes, contents = ["a", "b", "", "c", "b", "", ""], ["x", "y", "x", "y", "z", "z", "w"]
    assert join_copies(scenes, contents) == ["a", "b", "a", "b", "b", "b", ""]
    assert join_copies(["", ""], ["x", "x"]) == ["", ""]
    assert join_copies([], []) == []


def test_real_photographs_of_one_field(blood_cells):
    # Looked at one by one: the pairs below show one field; 366, 388 and 389 have the camera's dust in common.
    folder = blood_cells / "dataset-master/dataset-master/JPEGImages"
    numbers = [37, 38, 204, 205, 206, 276, 277, 278, 309, 310, 366, 388, 389]
    with decode.pillow_limits(10**7):
        greys = [read_grey((folder / f"BloodImage_{n:05d}.jpg").read_bytes(), 10**7) for n in numbers]
    overlaps = find_overlaps([describe(grey) for grey in greys])
    assert [(numbers[overlap.first], numbers[overlap.second]) for overlap in overlaps] == [
        (37, 38), (204, 276), (204, 277), (205, 276), (206, 278), (276, 277)
    ]  # fmt: skip


@pytest.mark.slow
def test_a_search_of_all_pairs_at_all_shifts_finds_no_other_scene(blood_cells, tmp_path):
    # Another method on purpose: no features and no candidates, but the masked correlation of each two photographs.
    choice = DataChoice(name="bccd", root=str(blood_cells))
    data = load(choice, colour="gray", image_size=(60, 80), cache_dir=tmp_path, register="missing")
    frames = data.images[..., 0].astype(float)
    frames = [frame - ndimage.gaussian_filter(frame, 12) for frame in frames]  # the lamp's own shading is no field
    size, there = (120, 160), np.ones((60, 80))
    of_mask = np.conj(fft.rfft2(there, size))
    pixels = np.maximum(np.rint(fft.irfft2(np.conj(of_mask) * of_mask, size)), 1)
    wide = pixels >= 0.2 * there.size
    spectra = [fft.rfft2(frame, size) for frame in frames]
    squares = [fft.rfft2(frame**2, size) for frame in frames]
    sums = [fft.irfft2(a * of_mask, size) for a in spectra], [fft.irfft2(np.conj(of_mask * a), size) for a in spectra]
    powers = [fft.irfft2(a * of_mask, size) for a in squares], [fft.irfft2(np.conj(of_mask * a), size) for a in squares]
    spreads = [
        [np.maximum(p - s**2 / pixels, 1) for p, s in zip(*pair, strict=True)]
        for pair in zip(powers, sums, strict=True)
    ]
    scenes, found = data.manifest["scene"].to_list(), 0
    for a, b in itertools.combinations(range(len(frames)), 2):
        shared = fft.irfft2(spectra[a] * np.conj(spectra[b]), size) - sums[0][a] * sums[1][b] / pixels
        likeness = np.where(wide, shared / np.sqrt(spreads[0][a] * spreads[1][b]), -1).max()
        if likeness > 0.85:
            found += 1
            assert scenes[a] == scenes[b], f"{scenes[a]} and {scenes[b]} share a field (correlation {likeness:.2f})"
    assert found > 30

"""Candidates by features."""

import numpy as np
import pytest

from bloodstudy.data.provenance.search import Gallery


def unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def pictures():
    rng = np.random.default_rng(0)
    return [unit(rng.random((40, 128))) for _ in range(30)]


def near(descriptors, seed, noise=0.02):
    return unit(descriptors + noise * np.random.default_rng(seed).standard_normal(descriptors.shape))


@pytest.mark.parametrize("position", [0, 7, 29])
def test_what_shares_features_comes_first(pictures, position):
    assert Gallery(pictures).candidates(near(pictures[position], 1), 3)[0] == position


def test_a_fifth_of_the_features_is_enough(pictures):
    mixed = np.concatenate([near(pictures[3], 1)[:8], unit(np.random.default_rng(9).random((32, 128)))])
    assert Gallery(pictures).candidates(mixed, 3)[0] == 3


def test_a_picture_is_no_candidate_of_its_own(pictures):
    twin = [*pictures, near(pictures[4], 2)]
    found = Gallery(twin).candidates(twin[4], 5, itself=4)
    assert found[0] == 30
    assert 4 not in found


def test_the_same_pictures_give_the_same_answers(pictures):
    query = unit(np.random.default_rng(5).random((40, 128)))
    answers = [Gallery(pictures).candidates(query, 30) for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    assert len(answers[0]) > 3


def test_nothing_to_search_and_nothing_to_search_for(pictures):
    nothing = np.zeros((0, 128), np.float32)
    assert Gallery([]).candidates(pictures[0], 3) == []
    assert Gallery([nothing, nothing]).candidates(pictures[0], 3) == []
    assert Gallery(pictures).candidates(nothing, 3) == []
    assert Gallery([nothing, pictures[1]]).candidates(pictures[1], 3) == [1]

"""Trials that are trained side by side; program_lab.py does the training (see test_program.py)."""


def test_a_trial_is_what_it_is_alone_whatever_its_neighbours_are(measured):
    found = measured["group"]
    assert found["moved"] > 1e-2
    assert max(found["alone"] + found["other number"]) < 1e-5
    assert found["loss"] < 1e-5
    assert found["other neighbours"] == [0, 0]  # bits, at the same size


def test_one_that_diverges_leaves_its_neighbours(measured):
    *others, lost = measured["group"]["lost"]
    assert others == [None] * 3
    assert "epoch 1" in lost


def test_an_interrupted_group_ends_in_the_same_bits(measured):
    assert measured["group"]["resumed"] == [2, 1, 2]
    assert measured["group"]["again"] == [0, 0, 0]


def test_half_as_many_are_trained_at_once_if_memory_does_not_suffice(measured):
    tried, size, trained, finite = measured["starved"]
    assert tried == [5, 3, 2, 2]
    assert size == 2
    assert trained == 3
    assert finite

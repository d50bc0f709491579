"""Programs of JAX against plain steps of Keras's own layers; program_lab.py does the training in its own process."""

import pytest

SAMES = ("as it is", "average, flip", "strided, affine", "none, mixup", "overlap, kernel 4")


@pytest.mark.parametrize("name", SAMES)
def test_a_program_trains_what_plain_steps_train(measured, name):
    found = measured[name]
    assert found["learnt"] > 1e-2
    # A pixel that an affine change puts between two levels may be rounded to either.
    least = 1e-3 if "affine" in name else 1e-4
    assert found["apart"] < least
    assert found["loss"] < least
    assert found["logits"] < 1e-4


@pytest.mark.parametrize("name", SAMES)
def test_settled_statistics_are_means_over_the_batches(measured, name):
    assert measured[name]["settled"] < 1e-4


def test_a_trial_is_the_same_again_and_by_the_program_of_any_trial_of_its_arm(measured):
    assert measured["again"] == 0
    assert measured["by the program of another trial"] == 0
    assert measured["another seed"] > 1e-2


def test_an_interrupted_trial_ends_in_the_same_bits(measured):
    assert measured["resumed"] == 0


def test_images_are_changed_in_a_program_as_outside(measured):
    assert all(levels <= 1 for levels in measured["augmented"].values())  # of 255, by rounding


def test_the_last_batch_is_filled_up_from_the_others(measured):
    assert measured["filled up"] == [3, 20, 50, 10]


def test_a_training_that_diverges_ends_with_its_epoch(measured):
    reason, epochs = measured["diverged"]
    assert "epoch 1" in reason
    assert epochs == 1


def test_validation_is_measured_as_keras_would(measured):
    for told, plain in measured["validation"]:
        assert told == pytest.approx(plain, abs=1e-5)

"""What settings lead to: images that are loaded once, and the trial on them."""

import pytest

from bloodstudy.cli import compose
from bloodstudy.errors import UserError
from bloodstudy.execution import datasets


def settings_of(root, *more):
    typed = ["data=folder", f"data.root={root}", f"cache_dir={root.parent / 'cache'}", "image_size=[8,8]", "depth=1"]
    return compose.check([*typed, *more], False).jobs[0].settings


def test_images_are_loaded_once_a_process_until_they_are_forgotten(small):
    images = datasets.load_data(settings_of(small))
    assert datasets.load_data(settings_of(small, "lr=1")) is images
    assert datasets.load_data(settings_of(small, "colour=rgb")) is not images
    (small / "train/A/000.jpg").unlink()
    assert datasets.load_data(settings_of(small)) is images
    datasets.forget_data()
    assert len(datasets.load_data(settings_of(small)).images) == len(images.images) - 1


def test_a_trial_has_its_precision_resolved_and_the_names_it_is_given(small):
    settings = settings_of(small, "precision=auto", "seed=3")
    trial = datasets.make_trial(settings, datasets.load_data(settings), "small", "an arm")
    assert trial.factors.precision in ("float32", "bfloat16")
    assert (trial.study, trial.arm, trial.factors.seed, trial.data.split) == ("small", "an arm", 3, "official")


def test_a_split_that_leaks_is_refused_unless_somebody_declared_it(planted):
    datasets.refuse_leaks(planted(), declared=True)
    datasets.refuse_leaks(planted(split="official_clean"), declared=False)
    with pytest.raises(UserError, match=r"official split's 7 test images 3 show a scene"):
        datasets.refuse_leaks(planted(), declared=False)


def test_copies_are_a_leak_if_no_scene_is_known(planted, faults):
    rows = [(label, side, "", "", content) for label, side, _, _, content in faults]
    unknown = planted(rows, how="unknown")
    datasets.refuse_leaks(unknown, declared=True)
    with pytest.raises(UserError, match=r"official split's 7 test images 1 repeat the bytes of a training image"):
        datasets.refuse_leaks(unknown, declared=False)

"""The images that nobody gets right."""

import numpy as np
import pandas as pd

from bloodstudy.analysis.comparisons.hard_images import find_hard_images
from bloodstudy.analysis.results.predictions import EvaluationImages, Predictions
from bloodstudy.analysis.results.sweep import StudyResults


def test_images_that_every_trial_misses_are_named():
    images = [f"{i}.jpeg" for i in range(5)]
    table = pd.DataFrame({"split": "test", "image": images, "photograph": "", "scene": "", "label": list("AAAAB")})
    shown = EvaluationImages(table, ("A", "B"))
    firsts = (100, 900, 100, 900, 900), (100, 100, 900, 900, 900)
    one, other = (Predictions(shown, np.array([[p, 1000 - p] for p in own], dtype="uint16")) for own in firsts)
    trials = pd.DataFrame({"key": ["a", "b"], "judged": "official", "outcome": "finished"})
    sweep = StudyResults({}, trials, {}, {}, {"a": one, "b": other})
    missed = find_hard_images(sweep)
    assert missed.images["image"].tolist() == ["0.jpeg", "4.jpeg"]
    assert missed.images["called"].tolist() == ["B", "A"]
    assert missed.images["share"].tolist() == [1.0, 1.0]
    assert (missed.tested, missed.keys) == (5, ("a", "b"))
    assert find_hard_images(sweep, without=["b"]).images["image"].tolist() == ["0.jpeg", "2.jpeg", "4.jpeg"]
    assert find_hard_images(sweep, without=["a", "b"]).keys == ()

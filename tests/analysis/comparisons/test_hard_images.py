"""The images that nobody gets right."""

from dataclasses import replace

import pandas as pd

from bloodstudy.analysis.comparisons.hard_images import find_hard_images
from bloodstudy.analysis.results.sweep import StudyResults


def test_images_that_every_trial_misses_are_named(two_classes):
    one, other = two_classes([100, 900, 100, 900, 900]), two_classes([100, 100, 900, 900, 900])
    other = replace(other, shown=one.shown)  # trials on the same images share their table
    trials = pd.DataFrame({"key": ["a", "b"], "judged": "official", "outcome": "finished"})
    sweep = StudyResults({}, trials, {}, {}, {"a": one, "b": other})
    missed = find_hard_images(sweep)
    assert missed.images["image"].tolist() == ["0.jpeg", "4.jpeg"]
    assert missed.images["called"].tolist() == ["B", "A"]
    assert missed.images["share"].tolist() == [1.0, 1.0]
    assert (missed.tested, missed.keys) == (5, ("a", "b"))
    assert find_hard_images(sweep, without=["b"]).images["image"].tolist() == ["0.jpeg", "2.jpeg", "4.jpeg"]
    assert find_hard_images(sweep, without=["a", "b"]).keys == ()

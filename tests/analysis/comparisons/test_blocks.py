"""Blocks by the metric that a study declares: one number a trial, paired by seed."""

import math
from dataclasses import replace

import numpy as np
import pytest

from bloodstudy.analysis.comparisons.course import declare, follow
from bloodstudy.analysis.statistics.paired import estimate

ARM, REFERENCE = [0.91, 0.88, 0.93, 0.90, 0.95, 0.87], [0.80, 0.82, 0.81, 0.79, 0.83, 0.80]


def number(blocks, **of):
    """Return `blocks` whose scores have these numbers, by seed."""
    numbered = {
        name: {
            seed: replace(trained, score=trained.score and replace(trained.score, number=of[name][seed]))
            for seed, trained in getattr(blocks, name).items()
        }
        for name in of
    }
    return replace(blocks, **numbered)


def test_the_effect_on_a_declared_metric_is_the_paired_t_of_its_numbers(blocks_of):
    blocks = number(blocks_of([-0.1] * 6, looks=[6]), arm=ARM, reference=REFERENCE)
    measured, paired = blocks.measure(6), estimate(np.subtract(ARM, REFERENCE))
    assert measured.effect == pytest.approx(paired.mean)
    assert math.sqrt(measured.training) == pytest.approx(paired.se)
    assert (measured.scenes, measured.blocks, measured.repetitions) == (0.0, 6, 6)
    assert measured.contributions == pytest.approx(np.subtract(ARM, REFERENCE))


def test_a_dead_block_and_one_without_a_number_are_left_out(blocks_of):
    blocks = blocks_of([0.1] * 6, looks=[6], outcomes={1: "dead"})
    lost = number(blocks, arm=[*ARM[:5], math.nan], reference=REFERENCE)
    assert lost.counted(6) == (0, 2, 3, 4)
    assert lost.measure(6).effect == pytest.approx(np.subtract(ARM, REFERENCE)[[0, 2, 3, 4]].mean())


def test_the_verdict_is_about_the_number_and_not_about_accuracy(blocks_of):
    accurate = blocks_of([-0.1] * 6, looks=[6])
    numbered, rules = number(accurate, arm=ARM, reference=REFERENCE), declare(accurate.repetitions, 1)
    by_accuracy, by_number = (follow([blocks], [False], rules)[0] for blocks in (accurate, numbered))
    assert (str(by_accuracy.verdict.word), str(by_number.verdict.word)) == ("harms", "improves")

"""Every number that decides on an arm, computed anew from the predictions in plain loops."""

import math
from collections import defaultdict

import numpy as np
import pytest
from scipy import special, stats

from bloodstudy.analysis import analyse_study
from bloodstudy.analysis.statistics.spending import nominal_levels  # held by tests of its own

K, LOOKS = 3, (2, 3, 4)
PHOTOGRAPHS = (7, 9, 12, 8)  # of each class


def drawn(mean, spread, number):
    return lambda seed: mean + spread * np.random.default_rng([number, seed]).normal()


ARMS = {"reference": drawn(0.7, 0.02, 0)} | {f"arm {i}": drawn(0.7, 0.01 + 0.01 * i, i) for i in range(1, 6)}
DEAD = {("arm 1", 4): "diverged", ("reference", 8): "diverged"}  # in the second repetition, and in the third


def count_right(predictions):
    """Return the images of each class and scene, and how many of them a trial got right."""
    cells = defaultdict(lambda: [0, 0])
    table, likeliest = predictions.shown.table, predictions.thousandths.argmax(axis=1)
    for row, guess in zip(table.itertuples(), likeliest, strict=True):
        if row.split == "test":
            cell = cells[row.label, row.scene or row.photograph]
            cell[0] += 1
            cell[1] += predictions.shown.classes[guess] == row.label
    return cells


def collect(sweep, arm, repetitions, folds):
    """Return difference and images by repetition, fold, class and scene, of the blocks in which both trained."""
    differences, images = {}, {}
    for seed in range(folds * repetitions):
        keys = [f"{name} {seed}" for name in (arm, "reference")]
        known = [count_right(sweep.predictions[key]) for key in keys if key in sweep.predictions]
        for cell in (cell for one in known for cell in one):
            images[cell] = next(one[cell][0] for one in known)
        if len(known) == 2:
            for cell, (count, right) in known[0].items():
                differences[seed // folds, seed % folds, *cell] = (right - known[1][cell][1]) / count
    return differences, images


class Anew:
    """The effect of an arm over some repetitions."""

    def __init__(self, sweep, arm, repetitions, folds):
        differences, images = collect(sweep, arm, repetitions, folds)
        labels = sorted({label for label, _ in images})
        k, total = len(labels), {label: sum(n for (own, _), n in images.items() if own == label) for label in labels}
        weight = {cell: n / total[cell[0]] for cell, n in images.items()}
        means = {}
        for label in labels:
            own = {place: d for place, d in differences.items() if place[2] == label}
            weights = {place: weight[place[2:]] for place in own}
            means[label] = sum(weights[p] * d for p, d in own.items()) / sum(weights.values())
        self.effect = sum(means.values()) / k
        blocks = sorted({place[:2] for place in differences})
        self.contributions = []
        for block in blocks:
            own = {place: d for place, d in differences.items() if place[:2] == block}
            away = sum(weight[p[2:]] * (d - means[p[2]]) for p, d in own.items())
            self.contributions.append(self.effect + folds * away / k)
        self.n = len(blocks)
        mean = sum(self.contributions) / self.n
        self.spread = sum((u - mean) ** 2 for u in self.contributions) / (self.n - 1)
        whole = [r for r in range(repetitions) if sum(block[0] == r for block in blocks) == folds]
        self.parts, self.scenes = [], 0.0
        if folds > 1 and len(whole) > 1:
            self._add_scenes(differences, weight, labels, whole)

    def _add_scenes(self, differences, weight, labels, whole):
        count, k = len(whole), len(labels)
        part = {(p[0], *p[2:]): weight[p[2:]] * d / k for p, d in differences.items() if p[0] in whole}
        residual, stretched = {}, defaultdict(list)
        for label in labels:
            scenes = [scene for own, scene in weight if own == label]
            s2, s3 = (sum(weight[label, scene] ** power for scene in scenes) for power in (2, 3))
            stretch = math.sqrt(s2 / (s2 - 2 * s3 + s2**2))
            for r in whole:
                total = sum(part[r, label, scene] for scene in scenes)
                for scene in scenes:
                    own = part[r, label, scene] - weight[label, scene] * total
                    residual[r, label, scene] = stretch * own
            mean = {scene: sum(residual[r, label, scene] for r in whole) / count for scene in scenes}
            between = sum(m**2 for m in mean.values())
            within = sum((residual[r, label, s] - mean[s]) ** 2 for r in whole for s in scenes)
            self.parts.append((between, len(scenes) - 1))
            self.parts.append((within / (count * (count - 1)), (len(scenes) - 1) * (count - 1)))
        for (r, _, scene), own in residual.items():
            stretched[scene].append((r, own))
        between = within = 0.0
        for own in stretched.values():
            sums = [sum(value for r, value in own if r == repetition) for repetition in whole]
            mean = sum(sums) / count
            between += mean**2
            within += sum((value - mean) ** 2 for value in sums) / (count * (count - 1))
        self.share = 1 - 1 / count
        self.scenes = self.share * (between - within) if between > within * (1 + 1e-9) else 0.0

    def variance(self, prior):
        """Return variance by training, variance, its degrees of freedom."""
        freedom, spread = self.n - 1, self.spread
        if prior is not None:
            d0, s02 = prior
            moderated = s02 if math.isinf(d0) else (d0 * s02 + freedom * spread) / (d0 + freedom)
            if moderated > spread:
                spread, freedom = moderated, min(d0 + freedom, 8 * freedom)
        training = spread / self.n
        if not self.scenes:
            return training, freedom, training, freedom
        low = training**2 / freedom + self.share**2 * sum(v**2 / f for v, f in self.parts if f)
        return training, freedom, training + self.scenes, (training + self.scenes) ** 2 / low


def fit(spreads, freedom):
    """Return the prior of Smyth (2004), section 6.2; its trigamma is turned by bisection."""
    e = [math.log(s) - special.digamma(freedom / 2) + math.log(freedom / 2) for s in spreads]
    mean = sum(e) / len(e)
    left = sum((one - mean) ** 2 for one in e) / (len(e) - 1) - special.polygamma(1, freedom / 2)
    if left <= 0:
        return math.inf, math.exp(mean)
    low, high = 1e-6, 1e6
    for _ in range(200):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if special.polygamma(1, middle) > left else (low, middle)
    return 2 * low, math.exp(mean + special.digamma(low) - math.log(low))


def bounds(looks, arms):
    """Return the two-sided and the one-sided p to go below at each look."""
    error, shares = 0.9 * 0.05 / arms, [look / looks[-1] for look in looks]
    return list(zip(nominal_levels(error / 2, shares), nominal_levels(error, shares), strict=True))


@pytest.mark.parametrize(("design", "folds", "looks", "shared", "died"), [
    ("folds", K, LOOKS, False, {}), ("folds", K, LOOKS, True, {}), ("folds", K, LOOKS, False, DEAD),
    ("fixed", 1, (6, 9, 12), False, {}), ("fixed", 1, (6, 9, 12), False, {("arm 1", 4): "diverged"}),
])  # fmt: skip
def test_all_that_decides_is_what_plain_loops_give(study_of, design, folds, looks, shared, died):
    study = {"design": design, "folds": folds, "looks": looks, "shared": shared, "copies": 5}
    sweep = study_of(ARMS, photographs=PHOTOGRAPHS, outcomes=died, **study)
    judged = analyse_study(sweep)
    arms = [name for name in ARMS if name != "reference"]
    first = [Anew(sweep, arm, looks[0], folds) for arm in arms]
    usual = max((own.n for own in first), key=[own.n for own in first].count)
    prior = fit([own.spread for own in first if own.n == usual], usual - 1)
    told = 0
    for arm in arms:
        comparison = judged.find(arm)
        assert comparison.faults == ()
        for step, levels in zip(comparison.course.steps, bounds(looks, len(arms)), strict=False):
            own = Anew(sweep, arm, step.repetitions, folds)
            training, freedom, variance, df = own.variance(prior)
            near = lambda value: pytest.approx(value, rel=1e-7, abs=1e-12)  # noqa: E731
            assert (step.effect.effect, step.effect.blocks) == (near(own.effect), own.n)
            assert step.effect.contributions == near(own.contributions)
            assert step.effect.scenes == near(own.scenes)
            assert step.effect.variance(step.prior) == (near(variance), near(df))
            half = stats.t.isf(0.025, freedom) * math.sqrt(training)
            assert (step.low, step.high) == (near(own.effect - half), near(own.effect + half))
            if step.told is None:  # too many of its blocks died
                assert own.n < 0.8 * folds * step.repetitions or died
                continue
            told += 1
            wide, narrow = (stats.t.isf(p, df) * math.sqrt(variance) for p in levels)
            assert (step.told.low, step.told.high) == (near(own.effect - wide), near(own.effect + wide))
            assert (step.told.at_least, step.told.at_most) == (near(own.effect - narrow), near(own.effect + narrow))
        last = comparison.course.last
        assert comparison.test.mean == near(Anew(sweep, arm, last.repetitions, folds).effect)
        assert (comparison.test.se**2, comparison.test.df) == (near(variance), near(df))
        assert comparison.test.low == last.told.low
    assert told > 4
    assert design == "fixed" or any(step.effect.scenes for c in judged.comparisons for step in c.course.steps)

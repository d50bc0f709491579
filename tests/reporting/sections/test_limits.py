"""The p-values that the plan alone decides."""

import pytest

from bloodstudy.reporting.sections.limits import describe_limits, list_nominal


def test_the_nominal_p_values_are_those_of_the_looks(analyse):
    analysis = analyse(seeds=10, looks=[6, 10])
    two, one = (part.split(" for ")[0] for part in list_nominal(analysis).split(", and "))
    for text, kind, tails in ((two, "two_sided", 2), (one, "one_sided", 1)):
        expected = [tails * getattr(bound, kind) for bound in analysis.rules.bounds]
        assert [float(p) for p in text.split(" and ")] == pytest.approx(expected, rel=0.01)


def test_without_a_pair_there_is_nothing_to_say(claims_of):
    from bloodstudy.study.question import Question

    claims = claims_of(Question("leak", "Does it leak?", factor="data.split", levels=("random",)))
    assert describe_limits(claims) == {"compared": True, "paired": False}

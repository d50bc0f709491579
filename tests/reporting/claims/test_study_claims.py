"""How the numbers of a judged study are written."""

import math

import pytest

from bloodstudy.reporting.claims.study_claims import choose_form


@pytest.mark.parametrize(
    ("value", "alpha", "told"),
    [
        (0.0049912, 0.05, "0.00499"),
        (0.0499955, 0.05, "0.0499955"),
        (0.0500123, 0.05, "0.0500123"),
        (0.05000000012, 0.05, "0.05000000012"),
        (0.0250049, 0.025, "0.0250049"),
        (0.0499955, 0.025, "0.05"),
        (0.05, 0.05, "0.05"),
        (1.0, 0.05, "1"),
        (math.nan, 0.05, "nan"),
    ],
)
def test_a_p_that_is_not_alpha_does_not_read_as_alpha(value, alpha, told):
    assert format(value, choose_form(value, alpha)) == told

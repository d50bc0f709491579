"""Subtypes, or the two kinds of nucleus."""

import pytest

from bloodstudy.data.splits.labels import name_classes
from bloodstudy.errors import UserError


def test_subtype_keeps_the_names():
    assert name_classes(["b", "A"], "subtype") == {"A": "A", "b": "b"}


def test_nuclearity_in_any_case():
    names = ["Eosinophil", "NEUTROPHIL", "basophil", "lymphocyte", "MONOCYTE"]
    kinds = ["POLYNUCLEAR"] * 3 + ["MONONUCLEAR"] * 2
    assert name_classes(names, "nuclearity") == dict(zip(names, kinds, strict=True))


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["red", "LYMPHOCYTE", "platelet"], "received 'platelet', 'red'"),
        (["LYMPHOCYTE", "MONOCYTE"], "single class, MONONUCLEAR"),
    ],
)
def test_unknown_classes_and_one_kind_of_nucleus_are_refused(names, message):
    with pytest.raises(UserError, match=message):
        name_classes(names, "nuclearity")

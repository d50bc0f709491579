"""Subtypes, or the two kinds of nucleus."""

import pytest

from bloodstudy.data.splits.labels import name_classes
from bloodstudy.errors import UserError


def test_subtype_keeps_the_names():
    assert name_classes(["b", "A"], "subtype") == {"A": "A", "b": "b"}


def test_nuclearity_in_any_case():
    names = ["Eosinophil", "NEUTROPHIL", "basophil", "lymphocyte", "MONOCYTE"]
    assert name_classes(names, "nuclearity") == {
        "Eosinophil": "POLYNUCLEAR",
        "NEUTROPHIL": "POLYNUCLEAR",
        "basophil": "POLYNUCLEAR",
        "lymphocyte": "MONONUCLEAR",
        "MONOCYTE": "MONONUCLEAR",
    }


def test_unknown_classes_are_listed():
    with pytest.raises(UserError, match=r"received 'platelet', 'red'"):
        name_classes(["red", "LYMPHOCYTE", "platelet"], "nuclearity")


def test_one_kind_of_nucleus_is_refused():
    with pytest.raises(UserError, match="single class, MONONUCLEAR"):
        name_classes(["LYMPHOCYTE", "MONOCYTE"], "nuclearity")

"""What the classes mean: white-cell subtypes as they stand, or the two kinds of nucleus.

In: the class folders' names and `data.task`. Out: the class that each name stands for. Files and arrays know nothing
of it, so both tasks share one cache and one split.
"""

from __future__ import annotations

from collections.abc import Iterable

from bloodstudy.errors import UserError

NUCLEARITY = {
    "EOSINOPHIL": "POLYNUCLEAR",
    "NEUTROPHIL": "POLYNUCLEAR",
    "BASOPHIL": "POLYNUCLEAR",
    "LYMPHOCYTE": "MONONUCLEAR",
    "MONOCYTE": "MONONUCLEAR",
}


def name_classes(labels: Iterable[str], task: str) -> dict[str, str]:
    """Return {label: class} for the task subtype or nuclearity (labels in any case).

    Raises UserError if a label has no known nucleus, or if all of them have the same.
    """
    labels = sorted(labels)
    if task != "nuclearity":
        return {label: label for label in labels}
    unknown = [label for label in labels if label.upper() not in NUCLEARITY]
    if unknown:
        raise UserError(
            f"data.task=nuclearity knows the classes {', '.join(sorted(NUCLEARITY))}, in any case; received "
            f"{', '.join(repr(label) for label in unknown)}. Rename these class folders, or use data.task=subtype."
        )
    meaning = {label: NUCLEARITY[label.upper()] for label in labels}
    if len(set(meaning.values())) < 2:
        raise UserError(
            f"data.task=nuclearity makes a single class, {next(iter(meaning.values()))}, of {', '.join(labels)}; it "
            "needs a lymphocyte or monocyte class and a granulocyte class. Use data.task=subtype."
        )
    return meaning

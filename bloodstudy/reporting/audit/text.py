"""The sentences of an audit.

In: findings, or the flat summary that each trial keeps of them. Out: Markdown sentences. What is not known is said to
be so; it is never called none.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from bloodstudy.data.quality.effective_size import ACCURACY
from bloodstudy.data.quality.findings import Findings
from bloodstudy.reporting.claims.ledger import WriteNumber, write_number
from bloodstudy.reporting.render.markdown import code, plain

SUMMARY_FORMULAS = {  # the numbers of a summary, as the claims of a report say them
    "test_images": "number of test images",
    "test_images_leaking": "number of test images whose bytes, photograph or scene training holds too",
    "test_share_leaking": "100 * test_images_leaking / test_images",
    "unplaced": "number of images whose scene is not known",
    "label_conflicts": "number of scenes that stand under two classes",
    "duplicates_across": "number of test images whose bytes training holds too",
    "effective_test_photographs": "1 / sum over classes of (share of the test images)^2 / effective number, which is "
    "Kish's (sum n)^2 / sum n^2 over the images n that each photograph of the class gave",
    "effective_test_photographs_min": "Kish's effective number of the class with the fewest",
}
HOW = {
    "known": "Which photograph each image shows is said by the source itself.",
    "shipped": "Which scene each image shows is read from a table that comes with bloodstudy.",
    "registered": "Which scene each image shows was found by registering the images against each other.",
    "unknown": "Which scene each image shows is not known, so what depends on scenes is unknown, not zero.",
}


def count(number: int, noun: str, none: str = "no", what: str = "", write: WriteNumber = write_number) -> str:
    """Return "no image", "1 image" or "2,487 images"; `write` is called with `what` it is."""
    if not number:
        return f"{none} {noun}"
    return f"{write(what, number, ',d')} {noun}{'s' if number > 1 else ''}"


def share(part: int, whole: int, what: tuple[str, str, str] = ("", "", ""), write: WriteNumber = write_number) -> str:
    """Return "153 of 2,487 (6.2 %)"; a part that is neither none nor all never reads as 0.0 or 100.0 %."""
    percent = 100 * part / whole if whole else 0.0
    if part and part < whole and f"{percent:.1f}" in ("0.0", "100.0"):
        shown = "under 0.1 %" if percent < 50 else "over 99.9 %"
    else:
        shown = f"{write(what[2], percent, '.1f')} %"
    return f"{write(what[0], part, ',d')} of {write(what[1], whole, ',d')} ({shown})"


def describe_audit(summary: Mapping[str, Any], name: str, write: WriteNumber = write_number) -> str:
    """Return one or two sentences for a report: does the split leak, do labels contradict, what is the test worth."""
    leaking, across = summary["test_images_leaking"], summary["duplicates_across"]
    text = "No test image shows a scene that training shows too"
    if leaking is None:
        text = "Which scene each image shows is not known, so whether the split leaks is not known either"
    elif leaking:
        what = ("test_images_leaking", "test_images", "test_share_leaking")
        leak = share(leaking, summary["test_images"], what, write)
        text = f"{leak} test images show a scene that training shows too, or repeat its bytes"
    if leaking is not None:
        unplaced, conflicts = summary["unplaced"], summary["label_conflicts"]
        text += f" ({count(unplaced, 'image', what='unplaced', write=write)} could not be placed)" if unplaced else ""
        scenes = count(conflicts, "scene", what="label_conflicts", write=write)
        text += f"; {scenes} {'stand' if (conflicts or 0) > 1 else 'stands'} under two classes"
    text += (
        f"; exact duplicates across the split: {write('duplicates_across', across, ',d')}"
        if across or leaking is None
        else ""
    )
    if leaking is None:
        return f"{text}; {code(f'python -m bloodstudy.audit data={name}')} looks."
    return f"{text}. {describe_worth(summary, write)}"


def describe_worth(summary: Mapping[str, Any], write: WriteNumber = write_number) -> str:
    """Say how many independent images the test set is worth."""
    overall, least = summary["effective_test_photographs"], summary["effective_test_photographs_min"]
    if overall is None or least is None:
        return "How many independent photographs the test images are worth is not known."
    worth = f"{write('effective_test_photographs', overall, ',.0f')} independent photographs, "
    worth += f"{write('effective_test_photographs_min', least, '.3g')} in the class with the fewest"
    return f"At worst the {write('test_images', summary['test_images'], ',d')} test images are worth {worth}."


def describe_leak(findings: Findings, random: Findings) -> str:
    """Say how many test images training knows, and what a random split would do."""
    summary, drawn = findings.summary(), random.summary()
    split = f"{plain(findings.split)} split"
    if not findings.scenes_known:
        copies = int(findings.leaking["same_bytes"].iloc[-1])
        text = f"Whether the {split} cuts through scenes cannot be told, since nothing says which scene an image shows."
        return f"{text} Test images that are byte for byte a training image: {copies:,}."
    text = f"The {split} keeps every known scene on one side."
    if summary["test_images_leaking"]:
        what = f"{share(summary['test_images_leaking'], summary['test_images'])} test images"
        text = f"The {split} leaks: training holds the scene, the photograph or the very bytes of {what}."
    if len(findings.unplaced):
        text += f" {count(len(findings.unplaced), 'image')} could not be placed, so there may be more."
    if findings.split != "random":
        what = share(drawn["test_images_leaking"], drawn["test_images"])
        text += f" A random split of the same images leaks on {what}."
    return text


def describe_multi_label(labels: Mapping[str, str] | None, name: str) -> str:
    """Say how many photographs carry several labels, if the data say so at all."""
    if labels is None:
        if name in ("kaggle", "bccd"):
            return "Not known: the archive's labels.csv is not beside these images."
        return "Not applicable: these data have one label an image."
    return f"{count(len(labels), 'photograph', 'No')} of labels.csv with two labels or more{':' if labels else '.'}"


def describe_duplicates(summary: Mapping[str, Any]) -> str:
    """Say how many files are byte-for-byte copies, over which border."""
    extra = summary["duplicates"]
    if not extra:
        return "No two files have the same bytes."
    text = f"{count(extra, 'file')} {'repeats' if extra == 1 else 'repeat'} the bytes of another; across the split: "
    return f"{text}{summary['duplicates_across']:,}, across classes: {summary['duplicate_conflicts']:,}."


def describe_uninformative(found: pd.DataFrame) -> str:
    """Say how many images show nothing of their own, by kind."""
    if found.empty:
        return "Each image shows something, and something else than the others."
    counts = found["kind"].value_counts(sort=False).items()
    return f"Images that show {', '.join(f'{kind}: {number:,}' for kind, number in counts)}."


def describe_conflicts(findings: Findings) -> str:
    """Say how many scenes stand under two classes, and what that means."""
    if not findings.scenes_known:
        return "Not known, since the scenes are not."
    scenes = len(set(findings.conflicts["scene"]))
    if not scenes:
        return "No scene stands under two classes."
    images = int(findings.conflicts[list(findings.sides)].to_numpy().sum())
    return (
        f"{count(scenes, 'scene')} under two classes or more, with {count(images, 'image')}: either one field of view "
        "shows several cells, of which each image was given one, or a label is wrong."
    )


def describe_intervals(findings: Findings) -> str:
    """Say what an accuracy measured on this test set is known to, both ways of counting."""
    last = findings.effective.iloc[-1]
    naive = f"{last['naive_low']:.3f} to {last['naive_high']:.3f}"
    if math.isnan(last["effective"]):
        return (
            f"If all test images were independent photographs, a measured accuracy of {ACCURACY} would say {naive} "
            "(95 %). Copies of one photograph are not independent, and how many photographs there are is not known."
        )
    unit = "scene" if findings.scenes_known else "photograph"
    return (
        f"A measured accuracy of {ACCURACY} says {naive} (95 %) if all {last['images']:,} test images are independent "
        f"photographs, and {last['honest_low']:.3f} to {last['honest_high']:.3f} if the images of one {unit} are right "
        f"or wrong together, which is the worst case: then they are worth {last['effective']:.1f}."
    )

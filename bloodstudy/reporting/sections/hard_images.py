"""The test images that nobody gets right: a sentence and a table, and where that is asked for the images themselves.

In: an analysed study with its claims; rows of images and their pixels. Out: Markdown; HTML, each image in the page
itself. Photographs of cells stay out of repositories, so the report names them, and a file of its own shows them.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from bloodstudy.analysis import StudyAnalysis
from bloodstudy.analysis.comparisons.hard_images import HardImages, find_hard_images
from bloodstudy.analysis.comparisons.validity import look_at_training
from bloodstudy.config.visible import visible
from bloodstudy.reporting.claims.ledger import NONE
from bloodstudy.reporting.claims.study_claims import StudyClaims
from bloodstudy.reporting.render.markdown import code, rows_of, table

MAX_NAMED = 30
MAX_SHOWN = 60


def find_hard_images_of(analysis: StudyAnalysis) -> HardImages:
    """Return the test images that all trials that learnt something get wrong."""
    sweep, failing = analysis.sweep, set()
    for arm in sweep.arms:
        seeds = look_at_training(sweep, arm, sweep.seeds).failing
        failing |= set(sweep.of(arm)["key"][sweep.of(arm)["seed"].isin(seeds)])
    return find_hard_images(sweep, failing)


def describe_missed(missed: HardImages, claims: StudyClaims) -> str:
    """Return how many test images nobody gets right."""
    if not missed.keys:
        return ""
    formulas = {
        "images": "number of test images whose largest p_* is that of another class than their label, in every trial",
        "tested": "number of test images",
        "trials": "number of trials that learnt something",
    }
    write = claims.numbers_of("missed", formulas, missed.keys)
    count, tested = write("images", len(missed.images), ",d"), write("tested", missed.tested, ",d")
    trials = write("trials", len(missed.keys), ",d")
    where = " of the first block" if claims.analysis.by_folds else ""
    which = f"all {trials} trials" if len(missed.keys) > 1 else f"the {trials} trial"
    text = f"{count} of {tested} test images{where} are wrong in {which} that learnt something."
    if len(missed.images) > MAX_NAMED:
        text += f" The first {MAX_NAMED}, those that are most often taken for the same class:"
    elif len(missed.images):
        text += " They are:"
    return text


def tabulate_missed(missed: HardImages, claims: StudyClaims) -> str:
    """Return the images that nobody gets right, the first thirty; empty if there is none."""
    rows, formula = [], "100 * share of the trials that take it for this class"
    for row in rows_of(missed.images.head(MAX_NAMED)):
        share = claims.number(100 * row["share"], f"missed/{row['image']}/share", formula, missed.keys, ".0f")
        photograph = code(row["photograph"]) if row["photograph"] else NONE
        rows.append([code(row["image"]), photograph, code(row["label"]), code(row["called"]), f"{share} %"])
    header = ["image", "photograph", "label", "taken for", "by"]
    return table(header, rows, right=["by"]) if rows else ""


def render_gallery(missed: pd.DataFrame, pixels: Mapping[str, np.ndarray]) -> str:
    """Return the section that shows them; `pixels` are uint8 (height, width, 1 or 3) by the name of the image."""
    rows = [row for row in rows_of(missed) if row["image"] in pixels][:MAX_SHOWN]
    shown = "\n".join(_show(row, pixels[row["image"]]) for row in rows)
    most = f" The first {MAX_SHOWN} of {len(missed)}." if len(missed) > len(rows) else ""
    return (
        '<h2 id="images-that-nobody-gets-right-shown">Images that nobody gets right, shown</h2>\n'
        f"<p>As the network sees them, enlarged.{most} Leave this page out of repositories and mails where the images "
        f'are not yours to give away.</p>\n<div class="gallery">\n{shown}\n</div>'
    )


def _show(row: Mapping[str, Any], pixels: np.ndarray) -> str:
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(pixels.squeeze()).save(stream, format="PNG")
    encoded = base64.b64encode(stream.getvalue()).decode()
    name, label, called = (html.escape(visible(row[key])) for key in ("image", "label", "called"))
    words = f"{label}, taken for {called} by {100 * row['share']:.0f} %"
    return (
        f'<figure><img alt="{name}: {words}" src="data:image/png;base64,{encoded}">'
        f"<figcaption>{words}<br><code>{name}</code></figcaption></figure>"
    )

"""The section of a page that shows images: those that nobody gets right.

In: their rows (image, label, called, share) and their pixels. Out: HTML, each image in the page itself. Photographs of
cells stay out of repositories, so a report shows them only where that is asked for, in a file of its own.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Mapping

import numpy as np
import pandas as pd

from bloodstudy.reporting.render.markdown import visible

MAX_SHOWN = 60


def render_gallery(missed: pd.DataFrame, pixels: Mapping[str, np.ndarray]) -> str:
    """Return the section; `pixels` are uint8 (height, width, 1 or 3) by the name of the image."""
    rows = [row for row in missed.to_dict("records") if row["image"] in pixels][:MAX_SHOWN]
    shown = "\n".join(_show(row, pixels[row["image"]]) for row in rows)
    most = f" The first {MAX_SHOWN} of {len(missed)}." if len(missed) > len(rows) else ""
    return (
        '<h2 id="images-that-nobody-gets-right-shown">Images that nobody gets right, shown</h2>\n'
        f"<p>As the network sees them, enlarged.{most} Leave this page out of repositories and mails where the images "
        f'are not yours to give away.</p>\n<div class="gallery">\n{shown}\n</div>'
    )


def _show(row: Mapping[str, object], pixels: np.ndarray) -> str:
    name, label, called = (html.escape(visible(row[key])) for key in ("image", "label", "called"))
    words = f"{label}, taken for {called} by {100 * float(row['share']):.0f} %"  # type: ignore[arg-type]
    return (
        f'<figure><img alt="{name}: {words}" src="data:image/png;base64,{_encode(pixels)}">'
        f"<figcaption>{words}<br><code>{name}</code></figcaption></figure>"
    )


def _encode(pixels: np.ndarray) -> str:
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(pixels.squeeze()).save(stream, format="PNG")
    return base64.b64encode(stream.getvalue()).decode()

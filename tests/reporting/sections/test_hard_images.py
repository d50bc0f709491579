"""The section with images: their pixels as they are, their names as text."""

import base64
import io
import re

import numpy as np
import pandas as pd
from PIL import Image

from bloodstudy.reporting import render_gallery

NAME = "a<script>alert(1)</script>.png"


def test_each_image_is_shown_with_what_it_is_and_what_it_was_taken_for():
    pixels = np.random.default_rng(1).integers(0, 256, (6, 8, 3)).astype("uint8")
    row = {"image": NAME, "photograph": "p", "label": "A", "called": "B", "share": 0.75}
    page = render_gallery(pd.DataFrame([row, row | {"image": "gone.png"}]), {NAME: pixels})
    (encoded,) = re.findall('base64,([^"]+)', page)
    assert (np.asarray(Image.open(io.BytesIO(base64.b64decode(encoded)))) == pixels).all()
    assert "A, taken for B by 75 %" in page
    assert "<script>" not in page


def test_of_many_images_the_first_are_shown_and_the_rest_counted():
    rows = [{"image": str(i), "photograph": "", "label": "A", "called": "B", "share": 0.5} for i in range(70)]
    grey = np.zeros((4, 4, 1), "uint8")
    page = render_gallery(pd.DataFrame(rows), {str(i): grey for i in range(70)})
    assert page.count("<img") == 60
    assert "The first 60 of 70." in page

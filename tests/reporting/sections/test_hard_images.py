"""The images that nobody gets right: how many they are, and their pixels as they are, their names as text."""

import base64
import io
import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from bloodstudy.reporting import find_hard_images_of, render_gallery
from bloodstudy.reporting.claims.ledger import unmark
from bloodstudy.reporting.sections.hard_images import describe_missed
from bloodstudy.study.question import Question

NAME = "a<script>alert(1)</script>.png"
NO_POOLING = Question("pools", "Which pooling?", factor="pooling", levels=("none",))


@pytest.mark.parametrize(("options", "who"), [
    ({"seeds": 2}, "all 4 trials"),
    ({"seeds": 2, "outcomes": {("pooling=none", 1): "chance"}}, "all 3 trials"),
    ({"seeds": 1, "outcomes": {("pooling=none", 0): "chance"}}, "the 1 trial"),
    # those at chance beyond the last look did not learn either
    ({"seeds": 8, "looks": [6], "outcomes": {("pooling=none", 7): "chance", ("reference", 6): "chance"}},
     "all 14 trials"),
])  # fmt: skip
def test_images_are_wrong_in_the_trials_that_learnt_something_be_they_many_or_one(options, who, claims_of):
    claims = claims_of(NO_POOLING, photographs=3, **options)
    text = unmark(describe_missed(find_hard_images_of(claims.analysis), claims))
    assert f"test images are wrong in {who} that learnt something." in text


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

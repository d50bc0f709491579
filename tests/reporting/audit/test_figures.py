"""What the figures of an audit show."""

import pytest

from bloodstudy.data.quality.brightness import measure_brightness
from bloodstudy.data.quality.findings import find
from bloodstudy.reporting.audit import figures
from bloodstudy.reporting.figures import style


@pytest.fixture(autouse=True)
def look():
    with style.look():
        yield


def test_the_bars_are_the_shares_of_both_splits(planted):
    found = find(planted())
    figure = figures.draw_leak([("audited", found), ("random", found)])
    assert len(figure.axes) == 2
    for axes in figure.axes:
        leaks, clean = axes.containers
        assert [bar.get_width() for bar in leaks] == pytest.approx([1 / 3, 2 / 4, 3 / 7])
        assert [a.get_width() + b.get_width() for a, b in zip(leaks, clean, strict=True)] == pytest.approx([1, 1, 1])
        assert [text.get_text() for text in axes.texts] == ["1 of 3", "2 of 4", "3 of 7"]
    assert figure.axes[0].yaxis_inverted()


def test_the_worth_of_each_class_stands_left_of_its_images(planted):
    figure = figures.draw_worth(find(planted()).effective, "scene")
    images, worth = figure.axes[0].lines[:2]
    assert images.get_xdata().tolist() == [3, 4, 7]
    assert worth.get_xdata().tolist() == pytest.approx([1.8, 4, 49 / 9])


def test_brightness_has_a_box_for_each_class_and_split(planted):
    dataset = planted()
    figure = figures.draw_brightness(measure_brightness(dataset), dataset.classes, ("train", "test"))
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_xticklabels()] == ["A", "B"]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["train", "test"]
    assert len(axes.patches) == 4
    middles = sorted(patch.get_path().get_extents().x0 for patch in axes.patches)
    assert len(set(middles)) == 4, "side by side"


def test_many_classes_have_a_row_each_in_every_figure(planted):
    rows = [
        (f"class {k:02d}", side, f"p{k}{side}", f"s{k}{side}", f"c{k}{side}")
        for k in range(38)
        for side in ("train", "test")
    ]
    dataset = planted(rows)
    found = find(dataset)
    drawn = [
        figures.draw_leak([("audited", found)]), figures.draw_worth(found.effective, "scene"),
        figures.draw_brightness(measure_brightness(dataset), dataset.classes, ("train", "test")),
    ]  # fmt: skip
    for figure in drawn:
        shown = [label.get_text() for label in figure.axes[0].get_yticklabels()]
        assert shown[:38] == list(dataset.classes)
        assert 7 < figure.get_figheight() < 12

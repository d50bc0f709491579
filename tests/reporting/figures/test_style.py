"""What all figures share: the styles of arms and their names in legends."""

from bloodstudy.reporting.figures.style import fold, label, label_all, style_study


def test_arms_of_a_study_differ_and_the_reference_is_in_ink():
    styles = style_study(["reference", *map(str, range(16))], ["reference"])
    assert len({(style.colour, style.marker) for style in styles.values()}) == 17
    assert styles["reference"].marker not in {style.marker for name, style in styles.items() if name != "reference"}


def test_eight_arms_differ_in_colour_marker_and_line():
    styles = list(style_study([str(i) for i in range(9)], []).values())
    for field in ("colour", "marker", "line"):
        assert len({getattr(style, field) for style in styles[:8]}) == 8
    assert styles[8].colour == styles[0].colour


def test_a_question_has_a_colour_and_its_arms_are_shades_of_it_from_dark_to_light():
    arms = ["reference", *"abcde"]
    styles = style_study(arms, ["reference"], [["reference", "a", "b", "c"], ["c", "d", "e"]])
    assert len({(style.colour, style.marker) for style in styles.values()}) == 6
    sums = {arm: sum(styles[arm].colour) for arm in "abcde"}
    assert sums["a"] < sums["b"] < sums["c"]
    assert sums["d"] < sums["e"]
    shares = {arm: tuple(round(part / sums[arm], 6) for part in styles[arm].colour) for arm in "abcde"}
    assert shares["a"] == shares["b"] == shares["c"] != shares["d"] == shares["e"]


def test_a_long_name_is_folded_between_its_levels_and_shortened_within_one():
    assert fold("pooling=average, width=0.5, lr=0.1", 20) == "pooling=average,\nwidth=0.5, lr=0.1"
    assert label("x" * 50, 11) == "xxxxx…xxxxx"
    assert label("_a$b") == r" _a\$b"


def test_labels_of_one_axis_are_shortened_only_as_far_as_they_stay_different():
    names = ["Potato___Early_blight", "Potato___Late_blight", "Tomato___Tomato_mosaic_virus", "A"]
    shown = label_all(names, 14)
    assert len(set(shown)) == 4
    assert shown[3] == "A"
    assert all(len(text) <= 18 for text in shown)
    assert len(set(label_all(["same", "same"], 3))) == 1, "equal names stay equal"
    long = [30 * "A" + end + 30 * "B" for end in ("mid1", "mid2")]
    assert label_all([*long, "A"], 14) == ["AAAAAAA…BBBBBB (1)", "AAAAAAA…BBBBBB (2)", "A (3)"]

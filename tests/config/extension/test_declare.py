"""What an extension declares, and what it may not."""

import pytest

import bloodstudy as bs
from bloodstudy.config.extension.declared import Declared, filling


@pytest.fixture
def declared():
    into = Declared()
    token = filling.set(into)
    yield into
    filling.reset(token)


def build(level, context):
    return level


def test_a_factor_and_a_network_are_kept_with_their_functions(declared):
    bs.factor(
        "blur", levels=bs.Real(0, 3), neutral=0.0, hook="image", build=build, when="always", doc="sigma, in pixels"
    )
    bs.factor("stem", levels=bs.Choice("a", "b"), default="b", doc="which stem")

    @bs.network("mine", reads=["stem", "width"])
    def mine(factors, input_shape, classes):
        return None

    blur, stem = declared.factors.values()
    assert (blur.default, blur.neutral, blur.hook, blur.when) == (0.0, 0.0, "image", "always")
    assert (stem.default, stem.neutral, stem.hook, stem.when) == ("b", None, None, "train")
    assert declared.builders == {"blur": build}
    assert (declared.networks["mine"].reads, declared.networks["mine"].build) == (("stem", "width"), mine)


GOOD = {"name": "blur", "levels": bs.Real(0, 3), "neutral": 0.0, "doc": "sigma"}
HOOKED = GOOD | {"hook": "image", "build": build}


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (GOOD | {"name": "lr"}, "'lr': bloodstudy has a key of this name"),
        (GOOD | {"name": "model"}, "bloodstudy has a key of this name"),
        (GOOD | {"name": "levels"}, "bloodstudy has a key of this name"),
        (GOOD | {"name": "Blur"}, "expected a name of small letters"),
        (GOOD | {"name": 3}, "expected a name of small letters.*received 3"),
        (GOOD | {"levels": [0, 1]}, r"expected Real, Whole, Choice or Flag; received \[0, 1\]"),
        *[
            (GOOD | {"levels": bs.Choice("one", level), "neutral": "one"}, "is not read as a name if it is typed")
            for level in ("null", "1", "1e-3", "on", "true", "~", "inf", "[1]", "a: b", "", 1)
        ],
        (GOOD | {"ordered": True}, "'blur', ordered: only names need it, in a Choice; received a number from 0 to 3"),
        (GOOD | {"neutral": 4.0}, "'blur', neutral: expected a number from 0 to 3; received 4.0"),
        (GOOD | {"default": -1}, "'blur', default: expected a number from 0 to 3; received -1"),
        (GOOD | {"neutral": None}, "expected `neutral`, the level that changes nothing, or `default`"),
        (GOOD | {"doc": " "}, "expected a few words on what it is"),
        (GOOD | {"hook": "image"}, "expected `hook` and `build` together"),
        (GOOD | {"build": build}, "expected `hook` and `build` together"),
        (HOOKED | {"hook": "images"}, "hook: expected one of image, batch, block_end"),
        (HOOKED | {"build": 3}, "build: expected a function of level and context; received 3"),
        (HOOKED | {"when": "never"}, "when: expected one of train, always; received 'never'"),
        (HOOKED | {"neutral": None, "default": 1}, "a hook needs `neutral`"),
    ],
)
def test_a_factor_that_cannot_be_is_refused_in_words(declared, wrong, says):
    with pytest.raises(ValueError, match=says):
        bs.factor(**wrong)
    assert declared.factors == {}


def test_a_name_is_declared_once(declared):
    bs.factor(**GOOD)
    with pytest.raises(ValueError, match="'blur' is declared twice"):
        bs.factor(**GOOD)
    bs.network("mine")(build)
    with pytest.raises(ValueError, match="'mine' is declared twice"):
        bs.network("mine")


def test_reads_are_names(declared):
    with pytest.raises(ValueError, match="reads: expected the names of factors; received 'width'"):
        bs.network("mine", reads="width")


def test_outside_an_extension_nothing_is_declared():
    with pytest.raises(RuntimeError, match="extend=FILE"):
        bs.factor(**GOOD)


def test_a_metric_is_kept_with_its_direction(declared):
    @bs.metric("test_auc")
    def auc(probabilities, labels):
        return 1.0

    bs.metric("brier", higher_is_better=False)(build)
    kept = {one.name: (one.compute, one.higher_is_better) for one in declared.metrics.values()}
    assert kept == {"test_auc": (auc, True), "brier": (build, False)}


@pytest.mark.parametrize(
    ("name", "words", "says"),
    [
        ("test_accuracy", {}, "'test_accuracy': a trial has a number or a factor of this name; expected another name"),
        ("test_recall_a", {}, "a trial has a number or a factor of this name"),
        ("auc_clean", {}, "a trial has a number or a factor of this name"),
        ("lr", {}, "a trial has a number or a factor of this name"),
        ("blur", {}, "'blur' is declared twice"),
        ("AUC", {}, "expected a name of small letters"),
        ("auc", {"higher_is_better": "no"}, "higher_is_better: expected True or False; received 'no'"),
    ],
)
def test_a_metric_that_cannot_be_is_refused_in_words(declared, name, words, says):
    bs.factor(**GOOD)
    with pytest.raises(ValueError, match=says):
        bs.metric(name, **words)
    bs.metric("once")(build)
    with pytest.raises(ValueError, match="'once' is declared twice"):
        bs.factor(**GOOD | {"name": "once"})
    assert set(declared.metrics) == {"once"}

"""What extensions bring, beside what is built in, and what has a part in a trial's key."""

from dataclasses import replace

import lab
import pytest

from bloodstudy import model
from bloodstudy.cli.unread import list_replaced_factors, list_unread_factors
from bloodstudy.config import schema
from bloodstudy.config.extension.extension import Extension
from bloodstudy.config.extension.known import METRICS, join, joined, known
from bloodstudy.config.factors import FACTORS
from bloodstudy.config.rules import BUILT_IN, RULES
from bloodstudy.config.schema import Factors
from bloodstudy.errors import UserError
from bloodstudy.study.trial import DataIdentity, Trial

DATA = DataIdentity("smear", "subtype", "field", "official", "f" * 16)


def trial(name="reference", **own):
    levels = {"stem_kernel": 3, "loss_smoothing": 0.0, "noise": 0.0} | own
    return Trial("study", "arm", name, replace(Factors(), own=levels), DATA)


def test_its_factors_and_networks_are_known_for_as_long_as_the_block_lasts(tmp_path):
    before = dict(FACTORS), {key: rule.expected for key, rule in RULES.items()}, model.names()
    with lab.extended(tmp_path) as extension:
        assert model.names() == ("application", "compact", "reference", "mine")
        assert schema.defaults()["stem_kernel"] == 3
        settings = schema.settings(schema.defaults() | {"loss_smoothing": 0})
        assert settings.factors.stem_kernel == 3
        assert settings.factors.own == {"stem_kernel": 3, "loss_smoothing": 0.0, "noise": 0.0}
        assert isinstance(settings.factors.loss_smoothing, float)
        assert joined() == (extension,)
        join([extension])  # once more is no matter
    assert (dict(FACTORS), {key: rule.expected for key, rule in RULES.items()}, model.names()) == before
    assert joined() == ()
    assert set(RULES) == BUILT_IN


def test_a_trial_that_uses_nothing_of_it_keeps_its_key(tmp_path):
    plain = Trial("study", "arm", "reference", Factors(), DATA)
    with lab.extended(tmp_path):
        assert trial().key == plain.key
        assert trial(stem_kernel=5).key == plain.key  # the reference does not read it
        assert trial().extensions == ()


def test_a_trial_that_uses_some_of_it_has_its_digest_in_the_key(tmp_path):
    with lab.extended(tmp_path) as extension:
        keys = [
            trial(loss_smoothing=0.1).key,
            trial("mine").key,
            trial("mine", stem_kernel=5).key,
            trial("reference").key,
        ]
        assert len(set(keys)) == 4
        assert trial(loss_smoothing=0.1).extensions == trial("mine").extensions == (extension.digest,)
        assert trial(loss_smoothing=0.1).levels["loss_smoothing"] == 0.1
        assert trial("mine").levels["stem_kernel"] == 3  # read by its network: part of it at every level
        assert "noise" not in trial("mine").levels
        assert "stem_kernel" not in trial("reference").levels
    with lab.extended(tmp_path, lab.TEXT.replace("strides=2", "strides=1")):
        edited = [
            trial(loss_smoothing=0.1).key,
            trial("mine").key,
            trial("mine", stem_kernel=5).key,
            trial("reference").key,
        ]
    assert [old == new for old, new in zip(keys, edited, strict=True)] == [False, False, False, True]


@pytest.mark.parametrize(
    ("asked", "vain"),
    [
        ([({"stem_kernel": 5}, "reference")], ["stem_kernel changes nothing in model=reference"]),
        ([({"stem_kernel": 5, "noise": 0.1, "lr": 1e-3}, "mine")], []),
        ([({"pooling": "max", "width": 2}, "mine")], ["pooling changes nothing in model=mine"]),
        ([({"pooling": "max"}, "mine"), ({"pooling": "max"}, "reference")], []),  # the reference reads it
        (
            [({"pooling": level}, name) for level in ("max", "none") for name in ("mine", "reference")],
            ["pooling changes nothing in model=mine"],
        ),
        ([({"stem_kernel": 5}, "mine"), ({}, "reference")], []),
        ([({"data.fold": 1, "model": "mine"}, "mine")], []),
    ],
)
def test_a_factor_that_is_varied_in_vain_is_refused(tmp_path, asked, vain):
    with lab.extended(tmp_path):
        problems = list_unread_factors(asked)
    assert [problem.split(",")[0] for problem in problems] == vain


def test_two_factors_for_one_place_are_refused(tmp_path):
    with lab.extended(tmp_path):
        content = schema.defaults() | {"loss_smoothing": 0.1, "label_smoothing": 0.1}
        with pytest.raises(UserError, match="loss_smoothing and label_smoothing: each would set the loss"):
            schema.settings(content)
        schema.settings(content | {"label_smoothing": 0.0})


def test_it_travels_packed_and_is_the_same_there(tmp_path):
    extension = lab.describe_here(lab.write(tmp_path))
    there = Extension.unpack(extension.pack())
    assert there.to_dict() == extension.to_dict()
    assert there.factors[1].levels.expected == "a number from 0 to 0.5"


def test_text_that_is_not_that_of_its_digest_is_refused(tmp_path):
    content = lab.describe_here(lab.write(tmp_path)).to_dict()
    content["files"][""] += "# changed"
    with pytest.raises(ValueError, match="is not that of its digest"):
        Extension.from_dict(content)
    for name in content:
        with pytest.raises(ValueError, match="expected"):
            Extension.from_dict({key: value for key, value in content.items() if key != name})


@pytest.mark.parametrize(
    "damage",
    [
        lambda one: one["factors"][0].update(name=["x"]),
        lambda one: one["factors"][0].update(name="lr"),
        lambda one: one["factors"][0].update(doc=5),
        lambda one: one["factors"][0].update(neutral={"a": 1}),
        lambda one: one["factors"][0].update(levels={"kind": "Whole", "low": "a", "high": 3}),
        lambda one: one["factors"][1].update(hook="everywhere"),
        lambda one: one["networks"][0].update(name="A b"),
        lambda one: one["networks"][0].update(reads=[3]),
        lambda one: one.update(typed={"a": 1}),
        lambda one: one.update(name="no name"),
        lambda one: one.update(files="abc"),
        lambda one: one.update(files={"": 3}),
        lambda one: one.update(data_sources=["../x"]),
    ],
)
def test_declarations_that_no_extension_could_make_are_refused(tmp_path, damage):
    content = lab.describe_here(lab.write(tmp_path)).to_dict()
    damage(content)
    with pytest.raises(ValueError, match=r"expected|is not that"):
        Extension.from_dict(content)


def test_a_factor_whose_place_another_one_has_taken_is_not_varied(tmp_path):
    text = (
        "import bloodstudy as bs\n"
        'bs.factor("own", levels=bs.Whole(0, 3), neutral=0, doc="of a test", hook="optimizer", build=print)\n'
    )
    with lab.extended(tmp_path, text):
        jobs = [({"lr": lr, "own": own}, Factors(lr=lr, own={"own": own})) for lr in (0.1, 0.2) for own in (0, 1)]
        assert list_replaced_factors(jobs) == [
            "lr changes nothing beside own, which is in its place; leave one of them out"
        ]
        assert list_replaced_factors(jobs[:2]) == []
        assert list_replaced_factors([job for job in jobs if not job[0]["own"]]) == []


def test_a_metric_is_known_by_its_plain_words_and_travels(tmp_path):
    with lab.extended(tmp_path, lab.TEXT + lab.METRIC) as extension:
        (own,) = METRICS.values()
        assert (own.name, own.higher_is_better, own.extension) == ("test_auc", True, extension.digest)
        assert Extension.unpack(extension.pack()).metrics == extension.metrics == (own,)
        assert trial().key == Trial("study", "arm", "reference", Factors(), DATA).key, "a metric is no part of a trial"
    assert not METRICS


@pytest.mark.parametrize(
    "damage",
    [{"name": "A b"}, {"name": "test_accuracy"}, {"higher_is_better": "yes"}, {"name": 3}, {"lower": True}],
)
def test_a_metric_that_no_extension_could_declare_is_refused(tmp_path, damage):
    content = lab.describe_here(lab.write(tmp_path, lab.TEXT + lab.METRIC)).to_dict()
    content["metrics"][0].update(damage)
    with pytest.raises(ValueError, match="expected the declarations of an extension"):
        Extension.from_dict(content)


def test_a_metric_and_a_factor_of_another_extension_may_not_share_a_name(tmp_path):
    start = "import bloodstudy as bs\n"
    factor = start + 'bs.factor("own", levels=bs.Whole(0, 3), default=1, doc="of a test")\n'
    metric = start + '@bs.metric("own")\ndef own(probabilities, labels):\n    return 1\n'
    for first, second, word in ((factor, metric, "metric 'own'"), (metric, factor, "factor 'own'")):
        other = lab.describe_here(lab.write(tmp_path, second, "other.py"))
        with lab.extended(tmp_path, first), pytest.raises(UserError, match=f"{word} exists already"), known([other]):
            pass


def test_two_extensions_may_not_bring_one_name(tmp_path):
    with lab.extended(tmp_path):
        other = lab.describe_here(lab.write(tmp_path, lab.TEXT + "# another one"))
        with pytest.raises(UserError, match=r"factor 'stem_kernel'.*network 'mine' exists already"), known([other]):
            pass
        assert len(joined()) == 1

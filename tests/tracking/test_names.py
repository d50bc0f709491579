"""Names that people chose, through MLflow itself on SQLite: a trial is logged, and no name is another."""

import json
import string

import pytest
from harness import rewrite

from bloodstudy import files, tracking
from bloodstudy.errors import MachineError
from bloodstudy.tracking.names import MAX_NAME, MAX_VALUE, spell_name, spell_value

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own

UNICODE = "äßçИ中字あ😀\u0301\u200d\u202e\u2028\xa0"
CLASSES = [
    "RBC (old)", "a/b", "a:2f:b", "..", "../x", "/", "", ".", "a.", " a ", "a" * 255, "a" * 254 + "b", "ä" * 255,
    "Größe", "зрелый", "中性粒", "e\u0301", "é", "a\nb", "a\x1bb", "half \ud800",
    *(f"a{character}b" for character in string.printable + UNICODE), *string.printable, *UNICODE,
]  # fmt: skip


def test_each_text_has_a_name_of_its_own():
    texts = [f"test_recall_{name}" for name in dict.fromkeys(CLASSES)] + list(dict.fromkeys(CLASSES))
    assert len({spell_name(text) for text in texts}) == len({*texts})
    assert all(len(spell_name(text)) <= MAX_NAME for text in texts)
    assert spell_name("test_recall_RBC (old)") == "test_recall_RBC :28:old:29:"
    for usual in ("test_accuracy", "data.split", "test_recall_EOSINOPHIL", "peak_memory_mb"):
        assert spell_name(usual) == usual


def test_a_value_is_as_long_as_a_store_keeps():
    assert spell_value([1, "x"]) == "[1, 'x']"
    assert len(spell_value("x" * 9000)) == MAX_VALUE


def test_a_class_of_any_name_is_logged_under_one_of_its_own(store, scratch, publish, runs):
    publish(scratch / "a")
    names = list(dict.fromkeys(name for name in CLASSES if "\ud800" not in name))
    responses = {f"test_recall_{name}": place / 1000 for place, name in enumerate(names)}
    rewrite(scratch / "a" / "result.json", responses=responses)
    assert tracking.catch_up(store, scratch) == 1
    (run,) = runs(store)
    assert {spell_name(f"test_recall_{name}"): place / 1000 for place, name in enumerate(names)}.items() <= (
        run.data.metrics.items()
    )
    profile = json.loads(run.inputs.dataset_inputs[0].dataset.profile)
    assert profile["names"]["test_recall_RBC :28:old:29:"] == "test_recall_RBC (old)"


@pytest.mark.parametrize(
    "text", ["RBC (old)", "".join(c for c in string.printable if c.isprintable()), UNICODE, "x" * 9000, "\0"]
)
def test_an_arm_of_any_name_and_a_factor_of_any_value_is_logged(store, scratch, publish, open_run, runs, text):
    publish(scratch / "a")
    content = files.read_json(scratch / "a" / "result.json")
    params = {"lr": text, "model": text}
    rewrite(scratch / "a" / "result.json", arm=text, params=params, factors=content["factors"] | {text: 1})
    assert tracking.catch_up(store, scratch) == 1
    (run,) = runs(store)
    assert run.data.tags["arm"] == run.data.params["lr"] == spell_value(text)
    assert run.info.run_name.endswith(", seed=0")


def test_what_a_store_raises_is_one_message(store, scratch, publish, monkeypatch):
    publish(scratch / "a")

    def refuse(*given, **named):
        raise ValueError("no")

    monkeypatch.setattr(type(store.client), "create_run", refuse)
    with pytest.raises(MachineError, match="cannot be used: no"):
        tracking.catch_up(store, scratch)

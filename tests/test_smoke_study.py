"""The smoke study as a newcomer runs it: its verdicts, and numbers of its report derived again by plain pandas.

The second derivation shares no code with the package: it reads plan.yaml, the predictions and claims.json.
"""

import json

import pandas as pd
import pytest
import yaml
from harness import command, finish

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2400)]
WITHOUT = """
import sys
for name in ("tensorflow", "keras", "mlflow"):
    sys.modules[name] = None
"""


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    """The folder in which the study was run and reported."""
    folder = tmp_path_factory.mktemp("smoke")
    ended = command(folder, "run", "-m", "study=smoke", timeout_s=1800)  # beside other tests, on one core
    assert ended.returncode == 0, ended.stdout + ended.stderr
    for name in ("report", "package"):
        finish(folder, name, "study=smoke")
    return folder


@pytest.fixture(scope="module")
def predicted(smoke):
    """Every prediction of the study in one frame, with arm and seed."""
    runs = smoke / "runs" / "smoke"
    tables = []
    for trial in yaml.safe_load((runs / "plan.yaml").read_text())["trials"]:
        if not (runs / trial["key"]).exists():  # its arm was closed before
            continue
        table = pd.read_parquet(runs / trial["key"] / "predictions.parquet")
        tables.append(table.assign(arm=trial["arm"], seed=trial["seed"]))
    frame = pd.concat(tables, ignore_index=True)
    probabilities = frame.filter(like="p_")
    frame["called"] = probabilities.idxmax(axis=1).str.removeprefix("p_")
    frame["right"] = frame["called"] == frame["label"]
    return frame


@pytest.fixture(scope="module")
def claims(smoke):
    content = json.loads((smoke / "reports/smoke/claims.json").read_text())
    return {claim["name"]: claim for claim in content["claims"]}


@pytest.fixture(scope="module")
def effects(smoke):
    table = pd.read_csv(smoke / "reports/smoke/effects.csv")
    return table[table["response"] == "test_accuracy"].set_index("arm")


def test_what_is_plain_is_found_and_closes_early(smoke, effects, predicted):
    assert set(effects["verdict"]) <= {"harms", "equivalent", "not worse", "fails to train"}
    assert "harms" in set(effects["verdict"])
    assert {"equivalent", "not worse"} & set(effects["verdict"])
    assert (effects["look"] == 1).any()
    trials = predicted.groupby("arm")["seed"].nunique()
    assert trials["reference"] in (10, 20)
    for arm, row in effects.iterrows():
        assert trials[arm] == {1: 10, 2: 20}[row["look"]], "a closed arm gets no more blocks"
    assert "missing" not in (smoke / "reports/smoke/report.md").read_text()


def test_what_a_look_has_spared_is_told_as_not_needed(smoke, predicted):
    trained = len(predicted[["arm", "seed"]].drop_duplicates())
    told = finish(smoke, "status", "study=smoke")
    assert f"{trained} of {trained} trials finished" in told
    assert f"not needed: {100 - trained} trials, since their arms are closed" in told
    assert "does not hold" not in told


def test_numbers_are_those_of_plain_pandas(smoke, predicted, effects, claims):
    predicted = predicted.assign(repetition=predicted["seed"] // 5)
    shares = predicted.groupby(["arm", "seed", "split"])["right"].mean()
    by_class = predicted.groupby(["arm", "split", "repetition", "label"])["right"].mean()
    recalls = predicted.groupby(["arm", "split", "seed", "label"])["right"].mean()
    recall = predicted[predicted["split"] == "test"].groupby(["arm", "label", "seed"])["right"].mean()
    expected = {}
    for arm, row in effects.iterrows():
        if row["dead"]:
            continue
        repetitions, seeds = {1: range(2), 2: range(4)}[row["look"]], range({1: 10, 2: 20}[row["look"]])
        each = [by_class[a, "test"].unstack().loc[repetitions].mean(axis=1) for a in (arm, "reference")]
        train = [recalls[a, "train"].unstack().loc[seeds].mean(axis=1) for a in (arm, "reference")]
        test = 100 * (each[0] - each[1]).mean()
        expected[f"effect/{arm}/test_accuracy/mean"] = test
        expected[f"effect/{arm}/train_accuracy/mean"] = 100 * (train[0] - train[1]).mean()
        expected[f"effect/{arm}/accuracy_gap/mean"] = 100 * (train[0] - train[1]).mean() - test
        monocytes = (recall[arm, "MONOCYTE"] - recall["reference", "MONOCYTE"]).loc[seeds].mean()
        expected[f"effect/{arm}/test_recall_MONOCYTE/mean"] = 100 * monocytes
    expected["arm/reference/test_accuracy/percent"] = 100 * shares["reference"].unstack()["test"].mean()
    assert len(expected) > 8
    written = (smoke / "reports/smoke/report.md").read_text()
    for name, value in expected.items():
        assert claims[name]["value"] == pytest.approx(value, rel=1e-5, abs=1e-9), name
        assert all(text in written for text in claims[name]["texts"])


def test_every_accuracy_of_every_trial_is_that_of_its_predictions(predicted, smoke, claims):
    plan = yaml.safe_load((smoke / "runs/smoke/plan.yaml").read_text())
    share = predicted.groupby(["arm", "seed", "split"])["right"].mean()
    trained = [trial for trial in plan["trials"] if (trial["arm"], trial["seed"], "test") in share.index]
    assert 60 < len(trained) < len(plan["trials"])
    for trial in trained:
        for split in ("train", "test"):
            told = claims[f"trial/{trial['key']}/{trial['judged']}/{split}_accuracy"]
            assert told["value"] == pytest.approx(100 * share[trial["arm"], trial["seed"], split], rel=1e-5)
            assert told["trials"] == [trial["key"]]


def test_the_report_holds_against_its_trials_and_against_the_package(smoke):
    for words in ((), ("package=reports/smoke/smoke.zip",)):
        said = finish(smoke, "verify", "reports/smoke", *words)
        assert "trials hold" in said


def test_a_restored_package_gives_the_same_bytes_if_nothing_can_train(smoke, tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(WITHOUT)
    finish(tmp_path, "package", f"restore={smoke / 'reports/smoke/smoke.zip'}")
    finish(tmp_path, "report", "study=smoke", PYTHONPATH=str(tmp_path / "site"), own_process=True)
    here, there = (
        {
            path.name: path.read_bytes()
            for path in (root / "reports" / "smoke").rglob("*.*")
            if path.stem != "cost" and path.suffix != ".zip"
        }
        for root in (smoke, tmp_path)
    )
    assert len(here) > 10
    assert here == there

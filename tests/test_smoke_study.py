"""The smoke study as a newcomer runs it, and ten numbers of its report derived again by plain pandas.

The second derivation shares no code with the package: it reads plan.yaml, the predictions and claims.json.
"""

import json

import pandas as pd
import pytest
import yaml
from harness import finish
from scipy import stats

pytestmark = pytest.mark.slow
WITHOUT = """
import sys
for name in ("tensorflow", "keras", "mlflow"):
    sys.modules[name] = None
"""


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    """The folder in which the study was run and reported."""
    folder = tmp_path_factory.mktemp("smoke")
    finish(folder, "run", "-m", "study=smoke", own_process=True)
    for name in ("report", "package"):
        finish(folder, name, "study=smoke")
    return folder


@pytest.fixture(scope="module")
def predicted(smoke):
    """Every prediction of the study in one frame, with arm and seed."""
    runs = smoke / "runs" / "smoke"
    tables = []
    for trial in yaml.safe_load((runs / "plan.yaml").read_text())["trials"]:
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


def test_ten_numbers_are_those_of_plain_pandas(smoke, predicted, claims):
    by_seed = predicted.groupby(["arm", "seed", "split"])["right"].mean().unstack()
    by_seed["gap"] = by_seed["train"] - by_seed["test"]
    recall = predicted[predicted["split"] == "test"].groupby(["arm", "label", "seed"])["right"].mean()
    against = by_seed.loc["pooling=average"] - by_seed.loc["reference"]
    interval = stats.t.interval(0.95, len(against) - 1, against["test"].mean(), stats.sem(against["test"]))
    tested = predicted[predicted["split"] == "test"]
    never = ~tested.groupby("image")["right"].any()
    class_effect = recall["pooling=average", "MONOCYTE"] - recall["reference", "MONOCYTE"]
    expected = {
        "effect/pooling=average/test_accuracy/mean": 100 * against["test"].mean(),
        "effect/pooling=average/train_accuracy/mean": 100 * against["train"].mean(),
        "effect/pooling=average/accuracy_gap/mean": 100 * against["gap"].mean(),
        "effect/pooling=average/test_accuracy/low": 100 * interval[0],
        "effect/pooling=average/test_accuracy/high": 100 * interval[1],
        "effect/pooling=average/test_accuracy/d_z": against["test"].mean() / against["test"].std(),
        "effect/pooling=average/test_recall_MONOCYTE/mean": 100 * class_effect.mean(),
        "arm/reference/test_accuracy/percent": 100 * by_seed.loc["reference", "test"].mean(),
        "arm/reference/accuracy_gap/percent": 100 * by_seed.loc["reference", "gap"].mean(),
        "missed/images": never.sum(),
    }
    written = (smoke / "reports/smoke/report.md").read_text()
    for name, value in expected.items():
        assert claims[name]["value"] == pytest.approx(value, rel=1e-5, abs=1e-9), name
        assert all(text in written for text in claims[name]["texts"])


def test_every_accuracy_of_every_trial_is_that_of_its_predictions(smoke, predicted, claims):
    plan = yaml.safe_load((smoke / "runs/smoke/plan.yaml").read_text())
    share = predicted.groupby(["arm", "seed", "split"])["right"].mean()
    for trial in plan["trials"]:
        for split in ("train", "test"):
            told = claims[f"trial/{trial['key']}/official/{split}_accuracy"]
            assert told["value"] == pytest.approx(100 * share[trial["arm"], trial["seed"], split], rel=1e-5)
            assert told["trials"] == [trial["key"]]


def test_the_report_holds_against_its_trials_and_against_the_package(smoke):
    for words in ((), ("package=reports/smoke/smoke.zip",)):
        said = finish(smoke, "verify", "reports/smoke", *words)
        assert "claims from 14 trials hold" in said


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

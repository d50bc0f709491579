import json
import shutil

import pandas as pd
import pytest
import yaml
from PIL import Image

from bloodstudy.analysis import analyse_study, load_study
from bloodstudy.errors import UserError
from bloodstudy.reporting import write_report
from bloodstudy.reporting.claims.ledger import MARK, unmark
from bloodstudy.reporting.claims.study_claims import StudyClaims
from bloodstudy.reporting.claims.sweep_claims import open_ledger
from bloodstudy.reporting.report import render

FIGURES = ["accuracy", "calibration", "classes", "confusion", "training"]


@pytest.fixture
def write(sweep_of, tmp_path):
    """Return a function that makes a sweep and its report: (results, text of the report, its folder)."""

    def written(swept, **more):
        results = sweep_of(tmp_path / "runs", swept, **more)
        path = write_report(tmp_path / "runs", tmp_path / "reports", "scratch")
        assert path == tmp_path / "reports" / "scratch" / "report.md"
        return results, path.read_text(encoding="utf-8"), path.parent

    return written


@pytest.fixture
def text_of(sweep_of, tmp_path):
    """Return a function that makes a sweep and its text alone, without the seconds that figures take."""

    def rendered(swept, **more):
        results = sweep_of(tmp_path / "runs", swept, **more)
        return results, render_text(tmp_path / "runs")

    return rendered


def render_text(runs_dir):
    """Return the Markdown of a report."""
    sweep = load_study(runs_dir, "scratch")
    ledger = open_ledger(sweep)
    marked = render(StudyClaims(analyse_study(sweep), ledger), [])
    said = {(int(index), text) for index, text in MARK.findall(marked)}
    told = {(index, text) for index, claim in enumerate(ledger.claims) for text in claim.texts}
    assert said == told, "every claim stands in the report, as it says"
    return unmark(marked)


def read_table(text, heading):
    """Return the rows of the first table after a heading, as dictionaries."""
    lines = text.split(f"\n{heading}\n", 1)[1].strip().splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    table = rows[: next((i for i, line in enumerate(lines) if not line.startswith("|")), len(lines))]
    return [dict(zip(table[0], row, strict=True)) for row in table[2:]]


def figures_in(folder):
    """Return the names of the figures, each of which is there as PNG and as SVG."""
    names = sorted(file.name for file in (folder / "figures").iterdir())
    assert [name.removesuffix(".svg") for name in names[1::2]] == [name.removesuffix(".png") for name in names[::2]]
    return [name.removesuffix(".png") for name in names[::2]]


def test_the_table_holds_the_numbers_of_the_trials(write):
    results, text, folder = write({"width": [0.5, 1], "model": ["reference", "compact"]})
    rows = read_table(text, "## Trials")
    assert [row["arm"] for row in rows] == [f"`{result['arm']}`" for result in results]
    for row, result in zip(rows, results, strict=True):
        for column, response in (("train", "train_accuracy"), ("test", "test_accuracy"), ("gap", "accuracy_gap")):
            assert float(row[column]) == pytest.approx(result["responses"][response], abs=5e-4)
        assert int(row["parameters"].replace(",", "")) == result["parameters"]
        assert row["outcome"] == "finished"
    assert figures_in(folder) == FIGURES
    for name in FIGURES:
        assert f"](figures/{name}.png)" in text
    cost = (folder / "cost.md").read_text()
    costs = read_table(cost, next(line for line in cost.splitlines() if line.startswith("![")))
    seconds = [result["cost"]["wall_seconds"] for result in results]
    assert [float(row["time (s)"]) for row in costs] == pytest.approx(seconds, abs=0.05)
    assert "[cost.md](cost.md)" in text


def test_the_table_of_means_holds_the_means(text_of):
    results, text = text_of({"lr": [0.1, 0.01], "seed": [0, 1, 2]}, outcomes={4: "diverged"})
    rows = read_table(text, "### Means over seeds")
    assert [row["seeds finished"] for row in rows] == ["3 of 3", "2 of 3"]
    for row, group in zip(rows, (results[:3], [results[3], results[5]]), strict=True):
        tests = [result["responses"]["test_accuracy"] for result in group]
        assert float(row["test"]) == pytest.approx(sum(tests) / len(tests), abs=5e-4)
        assert row["test, lowest to highest"] == f"{min(tests):.3f} to {max(tests):.3f}"
    assert [row["seed"] for row in read_table(text, "## Trials")] == ["0", "1", "2"] * 2


def test_the_same_trials_give_the_same_bytes(write, tmp_path):
    _, text, folder = write({"lr": [0.1, 0.01]})
    first = {name: (folder / "figures" / f"{name}.png").read_bytes() for name in FIGURES}
    shutil.rmtree(folder)
    write_report(tmp_path / "runs", tmp_path / "reports", "scratch")
    assert (folder / "report.md").read_text(encoding="utf-8") == text
    assert {name: (folder / "figures" / f"{name}.png").read_bytes() for name in FIGURES} == first
    with Image.open(folder / "figures" / "accuracy.png") as image:
        assert set(image.info) <= {"dpi"}


def test_what_did_not_finish_is_listed_with_its_reason(text_of):
    _, text = text_of({"augment": ["none", "flip", "mixup"]}, outcomes={1: "failed", 2: "missing"})
    rows = read_table(text, "## Trials")
    assert [row["outcome"] for row in rows] == ["finished", "failed", "missing"]
    assert rows[2]["test"] == rows[2]["gap"] == "–"
    listed = text.split("### Not finished\n\n")[1].split("\n\n")[0].splitlines()
    assert listed[0].startswith("- failed: `augment=flip`, seed 0: ValueError: &#60;script&#62;")
    assert listed[1] == "- missing: `augment=mixup`, seed 0: not trained yet"
    assert "<script>" not in text


def test_a_single_trial_has_no_figure_against_a_factor(write):
    _, text, folder = write({})
    assert len(read_table(text, "## Trials")) == 1
    assert figures_in(folder) == ["calibration", "classes", "confusion", "training"]
    assert "nan" not in text.replace("the loss was nan", "")  # the reason, in words


@pytest.mark.parametrize(("outcome", "figures"), [("missing", []), ("diverged", ["classes", "training"])])
def test_a_sweep_of_which_nothing_finished_renders(write, outcome, figures):
    _, text, folder = write({"lr": [0.1, 0.01]}, outcomes={0: outcome, 1: outcome})
    assert figures_in(folder) == figures
    assert "nan" not in text.replace("the loss was nan", "")  # the reason, in words


def test_figures_of_an_earlier_sweep_are_removed(write, tmp_path):
    folder = tmp_path / "reports" / "scratch"
    (folder / "figures").mkdir(parents=True)
    (folder / "figures" / "accuracy.png").touch()
    write({}, outcomes={0: "missing"})
    assert figures_in(folder) == []


def test_any_class_name_is_shown_and_breaks_nothing(write):
    classes = ["a|b", "`tick`", "<script>", "$x^2$", "_lead", "白血球", "x" * 200, "y\nz", "\\"]
    _, text, _ = write({"lr": [0.1, 0.01]}, classes=classes)
    rows = read_table(text.replace("\n| class |", "\n### Classes\n| class |"), "### Classes")
    assert len(rows) == len(classes) + 1
    assert all(row["test"].split()[0] in ("40", "32", "296") for row in rows)
    assert "<script>" not in text


def test_an_arm_that_changes_nothing_is_flagged(text_of, tmp_path):
    results, _ = text_of({"conv_dropout": [0.0, 0.1]})
    for result in results:
        path = tmp_path / "runs" / "scratch" / result["key"] / "result.json"
        path.write_text(path.read_text().replace(result["prediction_hash"], "same"))
    text = render_text(tmp_path / "runs")
    assert [row["outcome"] for row in read_table(text, "## Trials")] == ["finished", "finished, no-op?"]
    assert "no-op?: the predictions equal those of `conv_dropout=0`" in text


def test_what_was_run_is_told_and_what_differs_is_not_given_as_common(text_of):
    _, text = text_of({"lr": [0.1, 0.01]}, commits=("aaa", "bbb"))
    assert "fingerprint `ffffffffffffffff`" in text.split("## The data")[1]
    told = text.split("## Methods and limits")[1]
    assert "python -m bloodstudy.run -m lr=0.1,0.01" in told
    assert "commit: `aaa`, `bbb` (mixed)" in told
    intro = next(line for line in told.splitlines() if line.startswith("Every other arm has the same"))
    levels = {row["factor"]: row for row in read_table(text, intro)}
    assert (levels["`image_size`"]["level"], levels["`image_size`"]["other arms change it"]) == ("`[120,160]`", "")
    assert (levels["`lr`"]["level"], levels["`lr`"]["other arms change it"]) == ("`0.1`", "yes")


def test_an_attempt_without_a_result_is_told_as_none(text_of, tmp_path):
    _, text = text_of({"lr": [0.1, 0.01, 0.001]}, outcomes={1: "missing", 2: "missing"})
    key = load_study(tmp_path / "runs", "scratch").trials["key"].iloc[1]
    (tmp_path / "runs" / "scratch" / key).mkdir()
    (tmp_path / "runs" / "scratch" / key / "attempts.json").write_text("2")
    assert render_text(tmp_path / "runs") == text, "a package would not know of it"


def test_a_trial_that_is_judged_in_two_ways_makes_two_rows_of_claims(sweep_of, tmp_path):
    (result,) = sweep_of(tmp_path / "runs", {"data.split": ["official"]})
    plan_file = tmp_path / "runs" / "scratch" / "plan.yaml"
    plan = yaml.safe_load(plan_file.read_text())
    clean = {"levels": {"data.split": "official_clean"}, "arm": "data.split=official_clean", "judged": "official_clean"}
    plan["swept"]["data.split"].append("official_clean")
    plan["trials"].append(plan["trials"][0] | clean)
    plan_file.write_text(yaml.safe_dump(plan, sort_keys=False))
    trial = tmp_path / "runs" / "scratch" / result["key"]
    predictions = pd.read_parquet(trial / "predictions.parquet")
    seen = predictions["image"].isin([f"test/{k}.jpeg" for k in range(36)])
    predictions["scene"] = predictions["photograph"].mask(seen, "train-0")
    predictions.to_parquet(trial / "predictions.parquet")
    rows = read_table(render_text(tmp_path / "runs"), "## Trials")
    assert [row["outcome"] for row in rows] == ["finished", "missing"], "not judged by scene yet"
    assert (rows[0]["parameters"], rows[1]["parameters"]) == ("22,476", "–")
    judged = predictions[(predictions["split"] == "test") & ~seen]
    likeliest = judged[[name for name in judged if name.startswith("p_")]].idxmax(axis=1).str.removeprefix("p_")
    clean = float((likeliest == judged["label"]).mean())
    gap = result["responses"]["train_accuracy"] - clean
    result["responses"] |= {"test_images_clean": 100, "test_accuracy_clean": clean, "accuracy_gap_clean": gap}
    (trial / "result.json").write_text(json.dumps(result))
    text = render_text(tmp_path / "runs")
    assert [row["test"] for row in read_table(text, "## Trials")][1] == f"{clean:.3f}"
    assert "split=official: 36 of 136 test images show a scene that is in training" in text
    assert "split=official_clean is judged on the 100 of 136 test images" in text
    table = read_table(text, "## How much the split is worth")
    assert [row["split"] for row in table] == ["`official`", "`official_clean`"]
    assert table[1]["mean test"] == f"{clean:.3f}"


def test_lost_predictions_and_histories_leave_the_rest(sweep_of, tmp_path):
    results = sweep_of(tmp_path / "runs", {"lr": [0.1, 0.01]})
    for result in results:
        trial = tmp_path / "runs" / "scratch" / result["key"]
        (trial / "predictions.parquet").unlink()
        (trial / "history.csv").unlink()
    path = write_report(tmp_path / "runs", tmp_path / "reports", "scratch")
    assert figures_in(path.parent) == ["accuracy", "classes"]


def test_nothing_run_is_refused(tmp_path):
    with pytest.raises(UserError, match="nothing was run yet"):
        write_report(tmp_path / "runs", tmp_path / "reports", "scratch")
    assert not (tmp_path / "reports").exists()


def test_the_audit_that_the_trials_kept_is_repeated(sweep_of, tmp_path):
    sweep_of(tmp_path / "runs", {"width": [0.5, 1]})
    known = {"provenance": "known", "test_images": 136, "test_images_leaking": 34, "unplaced": 2, "label_conflicts": 0}
    known |= {"duplicates_across": 0, "effective_test_photographs": 31.6, "effective_test_photographs_min": 7.5}
    unknown = dict.fromkeys(known) | {"provenance": "unknown", "test_images": 136, "duplicates_across": 0}
    files = sorted((tmp_path / "runs").glob("scratch/*/result.json"))
    told = []
    for audits in ([known, unknown], [unknown, known], [unknown, unknown]):
        for file, audit in zip(files, audits, strict=True):
            file.write_text(json.dumps(json.loads(file.read_text()) | {"audit": audit}))
        text = render_text(tmp_path / "runs")
        told.append([line for line in text.splitlines() if line.startswith("- audit")])
    assert told[0] == told[1], "what one trial knew of these images holds for all"
    assert told[0] == [
        "- audit: 34 of 136 (25.0 %) test images show a scene that training shows too, or repeat its bytes (2 images "
        "could not be placed); no scene stands under two classes. At worst the 136 test images are worth 32 "
        "independent photographs, 7.5 in the class with the fewest."
    ]
    assert "not known" in told[2][0]

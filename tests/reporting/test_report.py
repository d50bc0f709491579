"""The whole report of a plain sweep and of a study: figures, bytes, numbers against plain pandas, bad input."""

import io
import json
import re

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image
from scipy import stats
from studies import POOLS, SMALL, fabricate_study

from bloodstudy.analysis import analyse_study, load_study
from bloodstudy.errors import UserError
from bloodstudy.reporting import load_claims, make_report, write_report
from bloodstudy.reporting.claims.ledger import MARK, unmark
from bloodstudy.reporting.claims.study_claims import open_claims
from bloodstudy.reporting.report import render
from bloodstudy.reporting.verification import check_report
from bloodstudy.study.question import Question

FIGURES = ["accuracy", "calibration", "classes", "confusion", "training"]
LEAK = Question("leak", "How much does a leak flatter?", factor="data.split", levels=("random",))
STUDY = "five_questions"


@pytest.fixture
def write_sweep(sweep_of, tmp_path):
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
    return lambda swept, **more: (sweep_of(tmp_path / "runs", swept, **more), render_text(tmp_path / "runs"))


def render_text(runs_dir):
    """Return the Markdown of a report."""
    claims = open_claims(analyse_study(load_study(runs_dir, "scratch")))
    marked = render(claims, [])
    said = {(int(index), text) for index, text in MARK.findall(marked)}
    added = {(index, text) for index, claim in enumerate(claims.ledger.claims) for text in claim.texts}
    assert said == added, "every claim stands in the report, as it says"
    return unmark(marked)


@pytest.fixture
def write(tmp_path):
    """Return a function that makes a study and its report: its text and its folder."""

    def written(*questions, seeds=6, **more):
        fabricate_study(tmp_path / "runs", questions or (POOLS,), seeds, **SMALL | more)
        path = write_report(tmp_path / "runs", tmp_path / "reports", STUDY)
        return path.read_text(encoding="utf-8"), path.parent

    return written


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


def test_the_table_of_trials_holds_the_numbers_of_the_trials(write_sweep):
    results, text, folder = write_sweep({"width": [0.5, 1], "model": ["reference", "compact"]})
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


def read_files(folder):
    """Return the content of each file but the cost figure, which is outside the promise of the same bytes."""
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != "cost.png"}


def test_the_same_sweep_gives_the_same_bytes(write_sweep, tmp_path):
    _, _, folder = write_sweep({"lr": [0.1, 0.01]})
    again = write_report(tmp_path / "runs", tmp_path / "again", "scratch").parent
    assert read_files(again) == read_files(folder)
    with Image.open(folder / "figures" / "accuracy.png") as image:
        assert set(image.info) <= {"dpi"}


def test_what_did_not_finish_is_listed_with_its_reason(text_of):
    _, text = text_of({"augment": ["none", "flip", "mixup"]}, outcomes={1: "failed", 2: "missing"})
    rows = read_table(text, "## Trials")
    assert [row["outcome"] for row in rows] == ["finished", "failed", "missing"]
    assert rows[2]["test"] == rows[2]["gap"] == "–"
    listed = text.split("### Not finished\n\n")[1].split("\n\n")[0].splitlines()
    assert listed[0].startswith("- failed: `augment=flip`, seed 0: ValueError: &#60;script&#62;")
    assert listed[1] == "- missing: `augment=mixup`, seed 0: no result yet"
    assert "<script>" not in text


def test_a_single_trial_has_no_figure_against_a_factor(write_sweep):
    _, text, folder = write_sweep({})
    assert len(read_table(text, "## Trials")) == 1
    assert figures_in(folder) == ["calibration", "classes", "confusion", "training"]
    assert "nan" not in text


@pytest.mark.parametrize(("outcome", "figures"), [("missing", []), ("diverged", ["classes", "training"])])
def test_a_sweep_of_which_nothing_finished_renders(write_sweep, outcome, figures):
    _, text, folder = write_sweep({"lr": [0.1, 0.01]}, outcomes={0: outcome, 1: outcome})
    assert figures_in(folder) == figures
    assert "nan" not in text.replace("the loss was nan", "")  # the reason, in words


def test_figures_of_an_earlier_sweep_are_removed(write_sweep, tmp_path):
    folder = tmp_path / "reports" / "scratch"
    (folder / "figures").mkdir(parents=True)
    (folder / "figures" / "accuracy.png").touch()
    write_sweep({}, outcomes={0: "missing"})
    assert figures_in(folder) == []


def test_any_class_name_is_shown_and_breaks_nothing(write_sweep):
    classes = ["a|b", "`tick`", "<script>", "$x^2$", "_lead", "白血球", "x" * 200, "y\nz", "\\"]
    _, text, _ = write_sweep({"lr": [0.1, 0.01]}, classes=classes)
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
    methods = text.split("## Methods and limits")[1]
    assert "python -m bloodstudy.run -m lr=0.1,0.01" in methods
    assert "commit: `aaa`, `bbb` (mixed)" in methods
    intro = next(line for line in methods.splitlines() if line.startswith("Every other arm has the same"))
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
    plan_file.write_text(json.dumps(plan))
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
    audit_lines = []
    for audits in ([known, unknown], [unknown, known], [unknown, unknown]):
        for file, audit in zip(files, audits, strict=True):
            file.write_text(json.dumps(json.loads(file.read_text()) | {"audit": audit}))
        text = render_text(tmp_path / "runs")
        audit_lines.append([line for line in text.splitlines() if line.startswith("- audit")])
    assert audit_lines[0] == audit_lines[1], "what one trial knew of these images holds for all"
    assert audit_lines[0] == [
        "- audit: 34 of 136 (25.0 %) test images show a scene that training shows too, or repeat its bytes (2 images "
        "could not be placed); no scene stands under two classes. At worst the 136 test images are worth 32 "
        "independent photographs, 7.5 in the class with the fewest."
    ]
    assert "not known" in audit_lines[2][0]


def measure(runs_dir, arm):
    """Return the test accuracy of each seed of an arm by plain pandas."""
    accuracies = {}
    for trial in yaml.safe_load((runs_dir / STUDY / "plan.yaml").read_text())["trials"]:
        if trial["arm"] == arm:
            table = pd.read_parquet(runs_dir / STUDY / trial["key"] / "predictions.parquet")
            test = table[table["split"] == "test"]
            guess = test.filter(like="p_").idxmax(axis=1).str.removeprefix("p_")
            accuracies[trial["seed"]] = (guess == test["label"]).mean()
    return pd.Series(accuracies)


def read_effects(folder):
    """Return effects.csv."""
    return pd.read_csv(io.StringIO((folder / "effects.csv").read_text()))


def read_claims(folder):
    """Return the claims of claims.json by name."""
    return {claim["name"]: claim for claim in json.loads((folder / "claims.json").read_text())["claims"]}


def test_the_effect_is_that_of_the_stored_predictions(tmp_path, write):
    text, folder = write()
    average, reference = (measure(tmp_path / "runs", arm) for arm in ("pooling=average", "reference"))
    differences = 100 * (average - reference)
    half = stats.t.isf(0.9 * 0.05 / 2 / 2, 5) * differences.std() / np.sqrt(6)  # two arms, two tails
    low, high = differences.mean() - half, differences.mean() + half
    numbers = re.search(r"`pooling=average` .*?test ([+-][\d.]+) points \[([+-][\d.]+), ([+-][\d.]+)\]", text)
    assert [float(n) for n in numbers.groups()] == pytest.approx([differences.mean(), low, high], abs=0.0501)
    table = read_effects(folder)
    row = table[(table["arm"] == "pooling=average") & (table["response"] == "test_accuracy")].iloc[0]
    assert row["effect"] == pytest.approx(differences.mean() / 100, rel=1e-5)
    assert row["verdict"] in text
    assert row["low"] < row["at_least"] < row["these_low"] < row["effect"] < row["these_high"] < row["high"]
    assert not (folder / "blocks.csv").exists()


@pytest.mark.parametrize("data", ["smear", "kaggle"])
def test_a_study_by_folds_speaks_of_blocks_and_of_new_photographs_and_holds(tmp_path, write, data):
    text, folder = write(seeds=3, folds=3, looks=[2, 3], data=data, outcomes={("pooling=none", 8): "missing"})
    assert "Looks are at 2 and 3 repetitions; 1 of 2 was held" in text
    assert "for new photographs (look" in text or "not decided yet for new photographs" in text
    assert "trained on 2 parts of 3 of this pool" in text
    assert (folder / "blocks.csv").exists()
    assert "9 seeds" not in text
    assert "its author" not in text  # whose numbers are about one split
    assert "split_seed" not in text.split("## The data")[1].split("## The arms")[0]
    assert f"- {data}, subtype, grouped_kfold split, folds=3: 120 pooled images" in text
    assert check_report(folder, tmp_path / "runs", STUDY, lambda *_: None).differences == {}


def test_arms_on_other_splits_are_told_split_by_split_and_not_as_effects(tmp_path, write):
    text, folder = write(LEAK, planted={"data.split=random": (1.0, 12.0)})
    official, random = (measure(tmp_path / "runs", arm) for arm in ("reference", "data.split=random"))
    (line,) = re.findall(r"^- `random`: test accuracy (.+)$", text, flags=re.MULTILINE)
    welch = stats.ttest_ind(random, official, equal_var=False).confidence_interval()
    assert re.findall(r"[+-]?\d\.\d{3}", line)[0] == f"{random.mean():.3f}"
    ends = (random.mean() - official.mean(), welch.low, welch.high)
    assert re.findall(r"[+-]\d\.\d{3}", line) == [f"{value:+.3f}" for value in ends]
    assert (folder / "figures" / "splits_leak.png").exists()
    assert "mean differences within" not in text
    assert "The interval of test accuracy" not in text
    assert "Error: at most" not in text
    assert "The class with the fewest" not in text
    assert "split/leak/reference/random/difference" in read_claims(folder)


def test_of_several_questions_the_one_on_splits_is_told_like_a_study_of_its_own(write):
    planted = {"data.split=random": (1.0, 12.0), "pooling=average": (-1.0, -6.0)}
    alone, _ = write(LEAK, planted=planted)
    (line,) = re.findall(r"^- `random`: test accuracy .+$", alone, flags=re.MULTILINE)
    text, folder = write(LEAK, POOLS, planted=planted)
    assert line in text
    section, other = text.split("## 1. ")[1].split("\n## ")[:2]
    assert "| `random` | 6 seeds |" in section
    assert "splits_leak.png" in section
    assert "pooling" not in section
    assert "not paired" not in other
    assert "`pooling=average`" in other
    assert (folder / "figures" / "splits_leak.png").exists()


def test_on_the_clean_split_the_official_figure_stands_beside(tmp_path, write):
    text, folder = write(judged="official_clean", leaking=2)
    claims, official = read_claims(folder), 100 * measure(tmp_path / "runs", "reference").mean()
    assert claims["arm/reference/official_test_accuracy/percent"]["value"] == pytest.approx(official)
    assert claims["arm/reference/test_accuracy/percent"]["value"] != pytest.approx(official)
    assert "test, official" in text


def test_the_answer_stands_first_and_every_figure_is_there_twice(write):
    text, folder = write("simplification", "learning_rate")
    headings = re.findall(r"^## (.*)$", text, flags=re.M)
    assert headings[0] == "The answers"
    assert headings[1].startswith("1. Can the model be simplified")
    assert headings[-1] == "Methods and limits"
    named = set(re.findall(r"\]\(figures/(\w+)\.png\)", text))
    assert named == {"answers", "effects_simplification", "levels_simplification", "effects_learning_rate",
                     "dose_learning_rate", "parameters", "classes", "training", "confusion", "calibration"}  # fmt: skip
    assert {file.stem for file in (folder / "figures").iterdir()} == named
    assert len(list((folder / "figures").iterdir())) == 2 * len(named)
    assert "nan" not in text
    assert "\ue000" not in text


def test_before_any_seed_is_paired_no_empty_figure_is_drawn(write):
    missing = {(arm, seed): "missing" for arm in ("pooling=average", "lr=0.01") for seed in range(6)}
    rates = Question("rates", "Which rate?", factor="lr", levels=(0.01,))
    one = Question("pools", "Which pooling?", factor="pooling", levels=("average",))
    text, folder = write(one, rates, outcomes=missing)
    assert "open 0/1" in text
    assert not list((folder / "figures").glob("answers.*"))
    assert "answers.png" not in text


def test_the_same_study_gives_the_same_bytes(tmp_path, write):
    _, folder = write()
    again = make_report(load_claims(tmp_path / "runs", STUDY), tmp_path / "again")
    files = {name: text.encode() for name, text in again.files.items()}
    assert read_files(folder) == files | read_files(tmp_path / "again")


def test_no_duration_and_no_hardware_stand_in_the_report(write):
    text, folder = write()
    assert "processor" not in text.lower()
    assert "seconds" not in text
    assert "A processor" in (folder / "cost.md").read_text()


def test_a_partly_finished_study_is_open_and_says_what_the_next_look_takes(write):
    text, folder = write(seeds=8, outcomes={("pooling=none", seed): "missing" for seed in range(5, 8)})
    assert "21 of 24 planned trials have a result; 3 are missing" in text
    assert "`pooling=none` is **open 0/1**" in text
    assert "**improves**" not in text
    assert "**harms**" not in text
    section = text.split("### What is open")[1].split("\n### ")[0]
    assert "The next look, at 8 seeds, takes 3 more trainings" in section
    assert "python -m bloodstudy.run -m study=five_questions data=smear\n" in section
    assert "hours" not in text
    assert "The next look takes 3 trainings, some 0.02 hours" in (folder / "cost.md").read_text()


def test_of_an_inconclusive_arm_more_seeds_are_exploratory(write):
    text, _ = write(planted={}, noise=2.0)
    section = text.split("### What is open")[1].split("\n### ")[0]
    assert "inconclusive." in section
    assert "More seeds of this study would be exploratory" in section
    assert "python -m" not in section


@pytest.mark.parametrize(("arm", "outcome", "said"), [
    ("reference", "diverged", "is **invalid**, nothing is concluded: 1 of 6 trials of the reference learnt nothing"),
    ("pooling=none", "failed", "is **open 0/1**, not decided yet"),
    ("pooling=none", "diverged", "is **inconclusive** on these test images"),
    ("pooling=none", "chance", "is **inconclusive** on these test images"),
])  # fmt: skip
def test_bad_trials_are_a_word_and_never_a_number_too_many(write, arm, outcome, said):
    text, _ = write(planted={}, noise=2.0, outcomes={(arm, 3): outcome})
    (line,) = (line for line in text.splitlines() if line.startswith(f"- `pooling=none` {said}"))
    assert ("That is of those that trained: 1 of 6 trials" in line) == ("inconclusive" in said)
    assert ("waits for seed 3, where a trial failed: `retry=failed` trains it again." in line) == (outcome == "failed")


def test_trials_at_chance_are_told_wherever_their_arm_has_a_number(write):
    text, folder = write(seeds=8, looks=[6, 8], outcomes={("pooling=none", 3): "chance"})
    line = next(line for line in text.splitlines() if line.startswith("- `pooling=none` "))
    assert re.search(r"1 of \d trials diverged or learnt nothing and are not in these effects\.", line)
    assert "Trials that stayed at chance are in these means: `pooling=none` 1 of 8." in text
    table = read_effects(folder).set_index(["arm", "response"])
    assert table.loc[("pooling=none", "test_accuracy"), "dead"] == 1
    assert table.loc[("pooling=average", "test_accuracy"), ["dead", "reference_dead"]].tolist() == [0, 0]
    assert re.search(r"pooling=none\$\^\*\$ & [57] ", (folder / "effects.tex").read_text())


def test_an_arm_of_which_every_trial_is_at_chance_fails_to_train(write):
    text, _ = write(seeds=8, outcomes={("pooling=none", seed): "chance" for seed in range(8)})
    (line,) = (line for line in text.splitlines() if line.startswith("- `pooling=none` **fails to train**"))
    assert line.endswith("**fails to train**, 8 of 8 trials diverged or learnt nothing (the reference: 0 of 8).")


def test_an_invalid_arm_has_no_number_anywhere(write):
    text, folder = write(outcomes={("reference", 3): "chance"})
    table = read_effects(folder)
    assert set(table.loc[table["response"] == "test_accuracy", "verdict"]) == {"invalid"}
    assert table.loc[table["response"] != "test_accuracy", "verdict"].isna().all()
    assert table.filter(regex="effect|low|high|at_least|at_most").isna().all().all()
    rows = [line for line in (folder / "effects.tex").read_text().splitlines() if line.endswith(r"invalid \\")]
    assert len(rows) == 2
    assert not any("$" in row for row in rows)
    assert "![Differences to the reference" not in text


def mix(result):
    """Let one arm stand on other data."""
    if result["arm"] == "pooling=none":
        result["data"]["fingerprint"] = "e" * 16


def test_an_invalid_arm_beside_a_valid_one_is_no_number_of_their_figure(write):
    text, _ = write(change=mix)
    (picture,) = (line for line in text.splitlines() if line.startswith("![Differences to the reference"))
    assert re.search(r"pooling=average [+-]\d", picture)
    assert "pooling=none" not in picture


def test_a_mechanism_is_said_of_closed_arms_alone(write):
    planted = {"pooling=none": (-20.0, -15.0)}
    assert "it underfits" in write(seeds=6, planted=planted)[0]
    assert "it underfits" not in write(seeds=8, planted=planted, outcomes={("pooling=none", 7): "missing"})[0]


def test_mixed_data_are_invalid(write):
    text, _ = write(change=mix)
    assert "`pooling=none` is **invalid**, nothing is concluded: the data differ" in text


def test_a_plan_without_looks_is_judged_afterwards_and_says_so(write):
    text, folder = write(design=None)
    assert "judged afterwards, once, at its last seed" in text
    assert "so the verdicts were **judged afterwards**" in text
    answers = text.split("## The answers")[1].split("\n## ")[0]
    lines = [line for line in answers.splitlines() if line.startswith("- `")]
    assert all("(judged afterwards)" in line for line in lines)
    assert "judged afterwards" in (folder / "effects.tex").read_text()


def test_one_seed_has_no_interval(write):
    text, folder = write(seeds=1)
    assert "is a **pilot**" in text
    assert "declare looks from 6 seeds on in a study of its own" in text
    assert "This is a pilot: estimates, without intervals." in text
    assert "nan" not in text + (folder / "report.html").read_text().split("<body")[1].replace("nant", "")


@pytest.mark.parametrize(("outcome", "next_step"), [("missing", "Train it: python"), ("diverged", "retry=all")])
def test_nothing_finished_is_refused(tmp_path, outcome, next_step):
    everything = {(arm, s): outcome for arm in ("reference", "pooling=average", "pooling=none") for s in range(2)}
    fabricate_study(tmp_path / "runs", (POOLS,), 2, outcomes=everything, **SMALL)
    with pytest.raises(UserError, match=f"no trial .* is finished .*{next_step}"):
        write_report(tmp_path / "runs", tmp_path / "reports", STUDY)
    assert not (tmp_path / "reports" / STUDY / "report.md").exists()


def test_results_of_an_older_version_are_reported(write):
    text, _ = write(change=lambda result: [result.pop(name, None) for name in ("audit", "parameters", "code")])
    assert "planned trials have a result" in text


def test_names_break_neither_markdown_nor_latex(write):
    name = "100 % of $x_1$ | <b>bold</b> & `code`"
    text, folder = write(Question("names", "Is it safe?", arms={name: {"width": 2.0}}))
    assert "<b>" not in text
    latex = (folder / "effects.tex").read_text()
    assert r"100 \% of \$x\_1\$ | \textless{}b\textgreater{}bold\textless{}/b\textgreater{} \& `code`" in latex
    assert all(line.count(" & ") == 5 for line in latex.splitlines() if line.endswith(r"\\"))


def test_kaggle_is_set_beside_its_sources_and_other_data_are_not(write):
    text, _ = write(data="kaggle")
    section = text.split("## Against the sources")[1].split("\n## ")[0]
    assert "| `reference`, its author | 1 | 100 % | – | about 65 % | – | grey images |" in section
    note = "`reference` and its author's note on colour images"
    assert f"{note}: `image_size=[60,80]` here, `[120,160]` there;" in section
    assert "Against the sources" not in write(data="smear")[0]


def test_claims_hold_every_number_of_an_effect(write):
    _, folder = write()
    claims = read_claims(folder)
    for part in ("mean", "low", "high", "at_least", "at_most", "these_low", "these_high"):
        claim = claims[f"effect/pooling=average/test_accuracy/{part}"]
        assert len(claim["trials"]) == 12
        assert claim["formula"].startswith("100 * ")

"""The whole report of a study: figures, bytes, numbers against plain pandas, bad input."""

import io
import json
import re

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from studies import fabricate_study

from bloodstudy.errors import UserError
from bloodstudy.reporting import make_report, write_report
from bloodstudy.study.question import Question

POOLS = Question("pools", "Which pooling?", factor="pooling", levels=("average", "none"))
SMALL = {"photographs": 5, "copies": 2}


@pytest.fixture
def write(tmp_path):
    """Return a function that makes a study and its report: its text and its folder."""

    def written(*questions, seeds=6, **more):
        fabricate_study(tmp_path / "runs", questions or (POOLS,), seeds, **SMALL | more)
        path = write_report(tmp_path / "runs", tmp_path / "reports", "five_questions")
        return path.read_text(encoding="utf-8"), path.parent

    return written


def measure(folder, plan, arm):
    """Return the test accuracy of each seed of an arm by plain pandas."""
    found = {}
    for trial in plan["trials"]:
        if trial["arm"] == arm:
            table = pd.read_parquet(folder / "five_questions" / trial["key"] / "predictions.parquet")
            test = table[table["split"] == "test"]
            guess = test.filter(like="p_").idxmax(axis=1).str.removeprefix("p_")
            found[trial["seed"]] = (guess == test["label"]).mean()
    return pd.Series(found)


def test_the_effect_is_that_of_the_stored_predictions(tmp_path, write):
    plan = fabricate_study(tmp_path / "runs", (POOLS,), 6, **SMALL)
    text, folder = write()
    differences = 100 * (
        measure(tmp_path / "runs", plan, "pooling=average") - measure(tmp_path / "runs", plan, "reference")
    )
    low, high = stats.t.interval(0.95, 5, differences.mean(), differences.std() / np.sqrt(6))
    told = re.search(r"`pooling=average` .*?test ([+-][\d.]+) points \[([+-][\d.]+), ([+-][\d.]+)\]", text)
    assert [float(n) for n in told.groups()] == pytest.approx([differences.mean(), low, high], abs=0.00501)
    table = pd.read_csv(io.StringIO((folder / "effects.csv").read_text()))
    row = table[(table["arm"] == "pooling=average") & (table["response"] == "test_accuracy")].iloc[0]
    assert row["effect"] == pytest.approx(differences.mean() / 100, rel=1e-5)
    assert row["word"] in text
    assert row["new_photographs_bootstrap_low"] < row["effect"] < row["new_photographs_bootstrap_high"]


def test_arms_on_other_splits_are_told_split_by_split_and_not_as_effects(tmp_path, write):
    question = Question("leak", "How much does a leak flatter?", factor="data.split", levels=("random",))
    plan = fabricate_study(tmp_path / "runs", (question,), 6, planted={"data.split=random": (1.0, 12.0)}, **SMALL)
    text, folder = write(question, planted={"data.split=random": (1.0, 12.0)})
    official, random = (measure(tmp_path / "runs", plan, arm) for arm in ("reference", "data.split=random"))
    (line,) = re.findall(r"^- `random`: test accuracy (.+)$", text, flags=re.MULTILINE)
    welch = stats.ttest_ind(random, official, equal_var=False).confidence_interval()
    assert re.findall(r"[+-]?\d\.\d{3}", line)[0] == f"{random.mean():.3f}"
    assert re.findall(r"[+-]\d\.\d{3}", line) == [
        f"{value:+.3f}" for value in (random.mean() - official.mean(), welch.low, welch.high)
    ]
    assert "d_z" not in text.split("## 1.")[1].split("\n## ")[0]
    assert (folder / "figures" / "splits_leak.png").exists()
    assert "mean paired differences" not in text
    assert "means over paired seeds" not in text
    assert "Error control" not in text
    assert "The class with the fewest" not in text
    claims = {claim["name"] for claim in json.loads((folder / "claims.json").read_text())["claims"]}
    assert "split/leak/reference/random/difference" in claims


def test_of_several_questions_the_one_on_splits_is_told_like_a_study_of_its_own(tmp_path, write):
    leak = Question("leak", "How much does a leak flatter?", factor="data.split", levels=("random",))
    planted = {"data.split=random": (1.0, 12.0), "pooling=average": (-1.0, -6.0)}
    alone, _ = write(leak, planted=planted)
    (line,) = re.findall(r"^- `random`: test accuracy .+$", alone, flags=re.MULTILINE)
    text, folder = write(leak, POOLS, planted=planted)
    assert line in text
    section, other = text.split("## 1. ")[1].split("\n## ")[:2]
    assert "| `random` | 6 seeds |" in section
    assert "splits_leak.png" in section
    assert "pooling" not in section
    assert "not paired" not in other
    assert "`pooling=average`" in other
    assert (folder / "figures" / "splits_leak.png").exists()


def test_on_the_clean_split_the_official_figure_stands_beside(tmp_path, write):
    plan = fabricate_study(tmp_path / "other", (POOLS,), 6, **SMALL, judged="official_clean", leaking=2)
    text, folder = write(judged="official_clean", leaking=2)
    told = {c["name"]: c["value"] for c in json.loads((folder / "claims.json").read_text())["claims"]}
    official = 100 * measure(tmp_path / "runs", plan, "reference").mean()
    assert told["arm/reference/official_test_accuracy/percent"] == pytest.approx(official)
    assert told["arm/reference/test_accuracy/percent"] != pytest.approx(official)
    assert "test, official" in text


def test_the_answer_stands_first_and_every_figure_is_there_twice(write):
    text, folder = write("simplification", "learning_rate")
    headings = re.findall(r"^## (.*)$", text, flags=re.M)
    assert headings[0] == "The answers"
    assert headings[1].startswith("1. Can the model be simplified")
    assert headings[-1] == "Methods and limits"
    named = set(re.findall(r"\]\(figures/(\w+)\.png\)", text))
    assert named == {"answers", "effects_simplification", "effects_learning_rate", "dose_learning_rate", "parameters",
                     "classes", "training", "confusion", "calibration"}  # fmt: skip
    assert {file.stem for file in (folder / "figures").iterdir()} == named
    assert len(list((folder / "figures").iterdir())) == 2 * len(named)
    assert "nan" not in text
    assert "\ue000" not in text


def test_before_any_seed_is_paired_no_empty_figure_is_drawn(write):
    missing = {(arm, seed): "missing" for arm in ("pooling=average", "lr=0.01") for seed in range(6)}
    rates = Question("rates", "Which rate?", factor="lr", levels=(0.01,))
    one = Question("pools", "Which pooling?", factor="pooling", levels=("average",))
    text, folder = write(one, rates, outcomes=missing)
    assert "pending 0/6" in text
    assert not list((folder / "figures").glob("answers.*"))
    assert "answers.png" not in text


def test_the_same_trials_give_the_same_bytes(tmp_path, write):
    _, folder = write()
    first = {file.name: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    del first["cost.png"]  # beside cost.md, outside the promise
    again = make_report(tmp_path / "runs", "five_questions", tmp_path / "again")
    figures = {file.name: file.read_bytes() for file in (tmp_path / "again" / "figures").iterdir()}
    assert first == {name: text.encode() for name, text in again.files.items()} | figures


def test_no_duration_and_no_hardware_stand_in_the_report(write):
    text, folder = write()
    assert "processor" not in text.lower()
    assert "seconds" not in text
    assert "A processor" in (folder / "cost.md").read_text()


def test_a_partly_finished_study_is_pending_and_says_what_is_missing(write):
    text, _ = write(seeds=8, outcomes={("pooling=none", seed): "missing" for seed in range(5, 8)})
    assert "21 of 24 planned trials have a result; 3 are missing" in text
    assert "`pooling=none` is **pending 5/8**" in text
    assert "**improves**" not in text
    assert "**harms**" not in text
    assert "seeds=8" in text.split("## 1.")[1].split("##")[0]


def test_an_open_arm_gets_the_command_that_would_settle_it(write):
    text, _ = write(planted={}, noise=2.0)
    section = text.split("### What is open")[1].split("\n### ")[0]
    seeds = [int(n) for n in re.findall(r"(\d+) seeds to show", section)]
    assert f"python -m bloodstudy.run -m study=five_questions data=smear seeds={max(seeds)}" in section
    assert "exploratory" in section


@pytest.mark.parametrize(
    ("outcomes", "said"),
    [
        (
            {("reference", 3): "diverged"},
            "`pooling=none` is **invalid**, nothing is concluded: the reference itself div",
        ),
        ({("pooling=none", 3): "failed"}, "`pooling=none` is **invalid**, nothing is concluded: it failed on seed 3"),
        ({("pooling=none", 3): "diverged"}, "`pooling=none` **fails to train**: 1 of 6 trials"),
        ({("pooling=none", 3): "chance"}, "`pooling=none` **fails to train**: 1 of 6 trials"),
    ],
)
def test_bad_trials_are_a_word_and_never_a_number_too_many(write, outcomes, said):
    text, _ = write(outcomes=outcomes)
    assert said in text


def test_trials_at_chance_are_told_wherever_their_arm_has_a_number(write):
    text, folder = write(seeds=8, outcomes={("pooling=none", 3): "chance", ("pooling=average", 7): "missing"})
    (line,) = (line for line in text.splitlines() if line.startswith("- `pooling=none` is **pending 7/8**"))
    assert "1 of 7 trials diverged or stayed at chance and are not in these effects." in line
    assert "Trials that stayed at chance are in these means: `pooling=none` 1 of 8." in text
    table = pd.read_csv(io.StringIO((folder / "effects.csv").read_text())).set_index(["arm", "response"])
    assert table.loc[("pooling=none", "test_accuracy"), ["seeds", "failed"]].tolist() == [6, 1]
    assert table.loc[("pooling=average", "test_accuracy"), ["seeds", "failed"]].tolist() == [7, 0]
    latex = (folder / "effects.tex").read_text()
    assert "pooling=none$^*$ & 6" in latex
    assert "pooling=average & 7" in latex


def test_an_arm_of_which_every_trial_is_at_chance_says_so_while_it_is_pending(write):
    stuck = {("pooling=none", seed): "chance" for seed in range(7)}
    text, _ = write(seeds=8, outcomes=stuck | {("pooling=average", 7): "missing"})
    (line,) = (line for line in text.splitlines() if line.startswith("- `pooling=none` is **pending 7/8**"))
    assert line.endswith("pending 7/8**. 7 of 7 trials diverged or stayed at chance.")


def test_an_invalid_arm_has_no_number_anywhere(write):
    text, folder = write(outcomes={("reference", 3): "chance"})
    table = pd.read_csv(io.StringIO((folder / "effects.csv").read_text()))
    assert set(table.loc[table["response"] == "test_accuracy", "word"]) == {"invalid"}
    assert table.loc[table["response"] != "test_accuracy", "word"].isna().all()
    assert table.filter(regex="effect|low|high|sd|d_z|^p_").isna().all().all()
    rows = [line for line in (folder / "effects.tex").read_text().splitlines() if line.endswith(r"invalid \\")]
    assert len(rows) == 2
    assert not any("$" in row for row in rows)
    assert "![Differences to the reference" not in text


def test_an_invalid_arm_beside_a_valid_one_is_no_number_of_their_figure(write):
    text, _ = write(outcomes={("pooling=none", 3): "failed"})
    (picture,) = (line for line in text.splitlines() if line.startswith("![Differences to the reference"))
    assert re.search(r"pooling=average [+-]\d", picture)
    assert "pooling=none" not in picture


def test_a_seed_more_does_not_make_a_mechanism_of_a_pending_arm(write):
    planted = {"pooling=none": (-20.0, -15.0)}
    assert "it underfits" in write(seeds=6, planted=planted)[0]
    assert "it underfits" not in write(seeds=8, planted=planted, outcomes={("pooling=average", 7): "missing"})[0]


def test_mixed_data_are_invalid(write):
    def change(result):
        if result["arm"] == "pooling=none":
            result["data"]["fingerprint"] = "e" * 16

    text, _ = write(change=change)
    assert "`pooling=none` is **invalid**, nothing is concluded: the data differ" in text


def test_one_seed_has_no_interval(write):
    text, folder = write(seeds=1)
    assert "is a **pilot**" in text
    assert "declare `seeds: 6` or more in a study of its own" in text
    assert "seeds=6" not in text
    assert "nan" not in text + (folder / "report.html").read_text().split("<body")[1].replace("nant", "")


@pytest.mark.parametrize(("outcome", "next_step"), [("missing", "Train it: python"), ("diverged", "retry=all")])
def test_nothing_finished_is_refused(tmp_path, outcome, next_step):
    everything = {(arm, s): outcome for arm in ("reference", "pooling=average", "pooling=none") for s in range(2)}
    fabricate_study(tmp_path / "runs", (POOLS,), 2, outcomes=everything, **SMALL)
    with pytest.raises(UserError, match=f"no trial .* is finished .*{next_step}"):
        write_report(tmp_path / "runs", tmp_path / "reports", "five_questions")
    assert not (tmp_path / "reports" / "five_questions" / "report.md").exists()


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


def test_kaggle_is_set_beside_its_sources_and_other_data_are_not(write, tmp_path):
    text, _ = write(data="kaggle")
    section = text.split("## Against the sources")[1].split("\n## ")[0]
    assert "| `reference`, its author | 1 | 100 % | – | about 65 % | – | grey images |" in section
    assert (
        "`reference` and its author's note on colour images: `image_size=[60,80]` here, `[120,160]` there;" in section
    )


def test_smear_has_no_source(write):
    assert "Against the sources" not in write()[0]


def test_claims_tell_every_number_of_an_effect(write):
    _, folder = write()
    claims = {claim["name"]: claim for claim in json.loads((folder / "claims.json").read_text())["claims"]}
    for part in ("mean", "low", "high"):
        claim = claims[f"effect/pooling=average/test_accuracy/{part}"]
        assert len(claim["trials"]) == 12
        assert claim["formula"].startswith("100 * ")

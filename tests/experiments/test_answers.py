"""What the pages say of the studies in experiments/ is what the reports there say.

In: the sentences of sentences.yaml, and the claims, effects and trials of the committed reports.
"""

import contextlib
import io
import json
import re
import runpy
import sys
from functools import cache
from pathlib import Path
from unittest import mock

import pandas as pd
import pytest
import yaml

from bloodstudy.analysis.comparisons.comparison import RESPONSES
from bloodstudy.analysis.statistics.paired import estimate

ROOT = Path(__file__).parents[2]
SENTENCES = yaml.safe_load(Path(__file__).with_name("sentences.yaml").read_text())
FIRST, ONCE_MORE, COMPACT = "archive/five_questions", "archive/pooling", "archive/compact_claims"
POOLS = ("pooling=average", "pooling=strided", "pooling=none")


@cache
def page(name):
    return (ROOT / name).read_text()


def line(name):
    """Return a page as one line."""
    return " ".join(page(name).split())


def report(study):
    return page(f"experiments/{study}/report.md")


@cache
def trials(study):
    """Return the accuracies of the trials of a report by arm and seed, in percent."""
    rows = re.findall(r"^\| `(.+?)` \| (\d+) \| `\w{16}` \| ([\d.]+) \| ([\d.]+) ", report(study), re.MULTILINE)
    frame = pd.DataFrame(rows, columns=["arm", "seed", "train", "test"])
    return frame.astype({"seed": int, "train": float, "test": float}).set_index(["arm", "seed"])


@cache
def effects(study, response="test_accuracy"):
    table = pd.read_csv(ROOT / "experiments" / study / "effects.csv")
    return table[table["response"] == response].set_index("arm")


@cache
def numbers(study):
    """Return the claims of a report by name, and what pages count: over the trials, and in ways of their own."""
    named = {claim["name"]: claim["value"] for claim in json.loads(page(f"experiments/{study}/claims.json"))["claims"]}
    named["hours"] = float(re.search(r"took ([\d.]+) hours in all", page(f"experiments/{study}/cost.md"))[1])
    for (arm, seed), row in trials(study).iterrows():
        named |= {f"{arm} {seed}/{side}": row[side] for side in row.index}
    for arm, rows in trials(study).groupby("arm"):
        named |= {f"{arm}/{side}/{end}": rows[side].agg(end) for side in rows for end in ("min", "max")}
    return named | COUNTED.get(study, dict)()


def count_five_questions():
    means = effects(FIRST)["effect"].abs()
    return {"small effects": (means < 0.12).sum(), "effects": len(means)}


def count_precision():
    bfloat16, float32 = (trials("precision").loc[arm] for arm in ("reference", "precision=float32"))
    apart = float32 - bfloat16
    *_, second, first = apart["train"].abs().sort_values().index
    counted = {"seed": first, "float32": float32["train"][first], "bfloat16": bfloat16["train"][first]}
    counted |= {"second": abs(apart["train"][second]), "spread": apart["test"].std() / 100}
    return counted | {"lowest": apart["test"].min(), "highest": apart["test"].max()}


def count_compact():
    train, fitted = (pd.Series(by_arm("compact", f"{name}_accuracy/percent")) for name in ("train", "fit"))
    return {"above fit": (train - fitted).item()}


COUNTED = {FIRST: count_five_questions, "precision": count_precision, "compact": count_compact}


def by_arm(study, claim):
    """Return the value of a claim about arms for each arm that has it, the highest first."""
    claims = json.loads(page(f"experiments/{study}/claims.json"))["claims"]
    values = {c["name"].split("/")[1]: c["value"] for c in claims if re.fullmatch(f"arm/[^/]+/{claim}", c["name"])}
    return dict(sorted(values.items(), key=lambda item: item[1], reverse=True))


@pytest.mark.parametrize(
    ("study", "name", "sentence"),
    [(study, name, sentence) for study, pages in SENTENCES.items() for name in pages for sentence in pages[name]],
)
def test_a_sentence_has_the_numbers_of_its_report(study, name, sentence):
    def write(match):
        return format(int(match[1] or 1) * numbers(study)[match[2]], match[3])

    assert re.sub(r"\{(?:(-?\d+) \* )?(.+?):(.+?)\}", write, sentence) in line(name)


@cache
def print_table(study):
    words = [str(ROOT / "experiments" / name) for name in ("table.py", study)]
    with mock.patch.object(sys, "argv", words), contextlib.redirect_stdout(io.StringIO()) as printed:
        runpy.run_path(words[0], run_name="__main__")
    return printed.getvalue().splitlines()


@pytest.mark.parametrize(
    ("name", "study", "arms"),
    [
        ("experiments/archive/five_questions/README.md", FIRST, 16),
        ("experiments/archive/compact_claims/README.md", COMPACT, 10),
        ("experiments/bccd/README.md", "bccd", 16),
        ("experiments/compact_claims/README.md", "compact_claims", 10),
    ],
)
def test_a_table_of_verdicts_is_what_the_script_prints(name, study, arms):
    assert len(print_table(study)) == 2 + arms
    assert "\n".join(print_table(study)) in page(name)


@pytest.mark.parametrize(("study", "rows"), [("compact", 2), ("reference", 4)])
def test_the_table_of_a_network_and_its_author_is_that_of_the_report(study, rows):
    table = [row for row in report(study).splitlines() if row.startswith(f"| `{study}`, ")]
    assert len(table) == rows
    table = "\n".join("|".join(row.split("|")[:7]) + "|" for row in table)  # all but the remark
    assert all(table in page(name) for name in ("experiments/README.md", f"experiments/{study}/README.md"))


@pytest.mark.parametrize("name", ["README.md", "experiments/README.md"])
def test_the_answers_on_a_page_are_those_of_the_reports(name):
    script = runpy.run_path(str(ROOT / "experiments" / "answers.py"))
    assert script["fill"](page(name)) == page(name)
    for study in script["STUDIES"]:
        answers = script["read_answers"](report(study))
        assert len(answers) == 5
        assert all(f"| {question} |" in page(name) and answer in page(name) for question, answer in answers.items())


@pytest.mark.parametrize("study", ["five_questions", "bccd", "engine"])
def test_the_time_between_trainings_is_told_as_the_reports_say(study):
    (rest,) = re.findall(r"Neither fitting nor measuring was ([\d.]+ %)", page(f"experiments/{study}/cost.md"))
    assert re.search(rf"{rest} in \[study={study}\]", line("docs/speed.md"))


@pytest.mark.parametrize("study", ["bccd", "compact_claims"])
def test_the_probes_of_a_recipe_are_told_as_the_script_prints_them(study):
    script = runpy.run_path(str(ROOT / "experiments/probes.py"))
    probes = pd.read_csv(ROOT / f"experiments/{study}/probes.csv")
    lines = script["tabulate"](probes)
    assert "\n".join(lines) in page(f"experiments/{study}/README.md")
    assert probes.groupby([*script["RECIPE"], *script["BLOCK"]]).size().le(2).all()
    planned = yaml.safe_load(page(f"conf/study/{study}.yaml"))
    recipe, pilot = " | ".join(str(planned["reference"][name]) for name in script["RECIPE"]), planned["pilot"]
    (taken,) = (line for line in lines if line.startswith(f"| {recipe} |"))
    assert taken.endswith(f"| {pilot['pairs']} | {100 * pilot['spread']:.2f} |")


def test_a_page_without_marks_is_refused():
    script = runpy.run_path(str(ROOT / "experiments" / "answers.py"))
    with pytest.raises(SystemExit, match="no marks"):
        script["fill"]("# A page\n")


@cache
def pooling_once_more():
    """Return the effects of the pooling trained once more by arm: train, test and gap."""
    cells = {}
    for arm in POOLS:
        for response in RESPONSES:
            path = f"effect/{arm}/to pooling=max/{response}"
            mean, low, high = (f"{numbers(ONCE_MORE)[f'{path}/{part}']:+z.1f}" for part in ("mean", "low", "high"))
            cells.setdefault(arm, []).append(f"{mean} [{low}, {high}]")
    return cells


@pytest.mark.parametrize(
    ("name", "study"),
    [("archive/five_questions", FIRST), ("bccd", "bccd")],
)
def test_each_interval_in_the_text_stands_in_a_table(name, study):
    text = page(f"experiments/{name}/README.md")
    text = re.sub(r"^\|.*$", "", text[text.index("## What came out") :], flags=re.MULTILINE)
    intervals = re.findall(r"[+-][\d.]+ \[[^]]+\]", text)
    assert intervals
    rows = [*print_table(study), *map(str, pooling_once_more().values())]
    assert [interval for interval in intervals if not any(interval in row for row in rows)] == []


def test_what_is_said_of_pooling_once_more_is_what_both_reports_say():
    for arm, cells in pooling_once_more().items():
        (row,) = (row for row in print_table(FIRST) if f"| `{arm}` |" in row)
        pairs = zip((cell.strip() for cell in row.split("|")[3:6]), cells, strict=True)
        table = f"| `{arm}` | {' | '.join(f'{before} | {after}' for before, after in pairs)} |"
        assert table in page("experiments/archive/pooling/README.md")
    rows = re.findall(r"^\| `pooling=max` \| (\d) \| ([\d.]+) \| ([\d.]+) ", report(ONCE_MORE), re.MULTILINE)
    then = trials(FIRST).loc["reference"]
    assert [int(seed) for seed, *_ in rows] == list(then.index) == list(range(10))
    for place, side in ((1, "train"), (2, "test")):
        effect = estimate([100 * float(row[place]) for row in rows] - then[side].to_numpy())
        told = re.search(
            rf"([+-][\d.]+) \[([+-][\d.]+), ([+-][\d.]+)\] on {side}", line("experiments/archive/pooling/README.md")
        )
        expected = [effect.mean, effect.low, effect.high]
        assert [float(number) for number in told.groups()] == pytest.approx(expected, abs=0.1)  # of rounded accuracies


def test_what_is_said_of_the_five_questions_holds():
    test, train = (by_arm(FIRST, f"{side}_accuracy/percent") for side in ("test", "train"))
    assert next(iter(test)) == "three blocks, averaged"
    dropouts = ["reference", "dropout=0.1", "dropout=0.3", "dropout=0.5"]
    assert next(arm for arm in test if arm in dropouts) == "reference"
    assert [arm for arm in train if arm in dropouts] == dropouts
    rising = [
        "lr=0.0001",
        "half width",
        "pooling=strided",
        "dropout=0.5",
        "quarter width",
        "pooling=none",
        "dropout=0.3",
    ]
    assert list(by_arm(FIRST, "rise"))[:7] == rising, "the sentence lists those that rose most"
    reference, average = (trials(FIRST).loc[arm, "test"] for arm in ("reference", "pooling=average"))
    assert (len(reference), (average < reference).sum()) == (10, 9)
    assert "The class with the fewest scenes in the test has 4:" in report(FIRST)
    table = effects(FIRST)
    assert "improves" not in set(table["verdict"])
    assert (table.loc["lr=0.01", "dead"], table.loc["lr=0.01", "blocks"]) == (2, 8)
    harming = table.index[table["verdict"] == "harms"]
    trained = effects(FIRST, "train_accuracy")
    assert [arm for arm in harming if trained.loc[arm, "high"] > 0] == ["pooling=average"]


def test_what_is_said_of_bfloat16_holds():
    table = effects("precision").loc["precision=float32"]
    assert (table["blocks"], table["verdict"]) == (100, "equivalent")
    assert len(trials("precision")) == 200


def test_what_is_said_of_the_reference_of_its_author_holds():
    rows = [row.split("|") for row in report("reference").splitlines() if row.startswith("| `reference`, ")]
    assert rows[1][7].strip() == "2 of 5 stayed at chance, left out"
    assert [row[2].strip() for row in rows] == ["1", "5", "1", "5"]
    for name in ("experiments/README.md", "experiments/reference/README.md"):
        assert "n grey two of five seeds stayed at chance" in line(name)
    grey = trials("reference").loc["reference", "test"]
    assert list(grey.index[grey < 26]) == [0, 4]
    for arm, theirs in (("reference/learnt", 65), ("colour=rgb", 90)):
        low, high = (numbers("reference")[f"arm/{arm}/test_accuracy/one_more_{end}"] for end in ("lower", "upper"))
        assert low < theirs < high  # so that no disagreement is shown


def test_what_is_said_of_the_compact_networks_claims_holds():
    table, gaps = effects(COMPACT), effects(COMPACT, "accuracy_gap")
    assert list(gaps.index[gaps["low"] > 0]) == ["depth=3", "depth=4", "none in the convolutions", "none at all"]
    assert next(iter(by_arm(COMPACT, "test_accuracy/percent"))) == "depth=5"
    assert next(iter(by_arm(COMPACT, "parameters"))) == "depth=2"
    assert list(table.index[table["verdict"] == "harms"]) == ["none at all"]
    assert (len(table), (table["verdict"] == "inconclusive").sum()) == (10, 9)
    assert "nine of its ten arms ended inconclusive" in line("experiments/archive/compact_claims/README.md")
    assert table.loc[["depth=2", "more in the dense layers"], "dead"].tolist() == [6, 0]
    assert set(table.loc[["width=0.5", "as it was before"], "verdict"]) == {"inconclusive"}
    assert list(table.index[table["not_worse"] == "yes"]) == ["depth=5", "width=2"]
    assert round(numbers(COMPACT)["hours"]) == 4

"""What the README says of the five questions is what their committed report says."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from bloodstudy.analysis.comparisons.comparison import RESPONSES
from bloodstudy.analysis.comparisons.sensitivity import Foresight
from bloodstudy.analysis.statistics.paired import estimate

ROOT = Path(__file__).parents[2]
FIVE = ROOT / "experiments" / "five_questions"
CLAIMS = ROOT / "experiments" / "compact_claims"
POOLING = ROOT / "experiments" / "pooling"


@pytest.fixture(scope="module")
def section():
    text = (ROOT / "README.md").read_text()
    return text[text.index("## What came out") : text.index("## Use")]


@pytest.fixture(scope="module")
def rows():
    return print_table(FIVE)


@pytest.fixture(scope="module")
def claims():
    return print_table(CLAIMS)


def print_table(folder):
    command = [sys.executable, ROOT / "experiments" / "table.py", folder]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def test_the_table_is_that_of_the_report(section, rows):
    assert len(rows) == 2 + 16
    assert "\n".join(rows) in section


def find_rises(report):
    found = re.findall(r"\+([\d.]+) (?:points )?for (?:`([^`]+)`|the reference)", report)
    return {arm: rise for rise, arm in found}


@pytest.fixture(scope="module")
def points():
    """Return the effects of the pooling trained once more by arm: train, test and gap."""
    claims = json.loads((POOLING / "claims.json").read_text())["claims"]
    values = {claim["name"]: claim["value"] for claim in claims}
    found = {}
    for arm in ("pooling=average", "pooling=strided", "pooling=none"):
        for response in RESPONSES:
            path = f"effect/{arm}/to pooling=max/{response}"
            mean, low, high = (f"{values[f'{path}/{part}']:+z.1f}" for part in ("mean", "low", "high"))
            found.setdefault(arm, []).append(f"{mean} [{low}, {high}]")
    return found


def test_what_is_said_of_pooling_once_more_is_what_both_reports_say(section, rows, points):
    then, here = ((folder / "report.md").read_text() for folder in (FIVE, POOLING))
    own = (POOLING / "README.md").read_text()
    for arm, cells in points.items():
        (row,) = (row for row in rows if f"| `{arm}` |" in row)
        pairs = zip((cell.strip() for cell in row.split("|")[3:6]), cells, strict=True)
        assert f"| `{arm}` | {' | '.join(f'{before} | {after}' for before, after in pairs)} |" in own
    assert f"it comes to {points['pooling=average'][1]} (" in " ".join(section.split())
    each = r"^\| `{}` \| (\d) \| (?:`\w{{16}}` \| )?([\d.]+) \| ([\d.]+) "
    before = re.findall(each.format("reference"), then, flags=re.MULTILINE)
    after = re.findall(each.format("pooling=max"), here, flags=re.MULTILINE)
    assert [seed for seed, *_ in before] == [seed for seed, *_ in after] == [str(seed) for seed in range(10)]
    for place, side in ((1, "train"), (2, "test")):
        found = estimate([float(new[place]) - float(old[place]) / 100 for new, old in zip(after, before, strict=True)])
        told = re.search(rf"([+-][\d.]+) \[([+-][\d.]+), ([+-][\d.]+)\] on {side}", " ".join(own.split()))
        numbers = [100 * found.mean, 100 * found.low, 100 * found.high]
        assert [float(number) for number in told.groups()] == pytest.approx(numbers, abs=0.1)  # of rounded accuracies


def test_each_interval_in_the_text_stands_in_the_table(section, rows, claims, points):
    told = re.findall(r"[+-][\d.]+ \[[^]]+\]", re.sub(r"^\|.*$", "", section, flags=re.MULTILINE))
    assert told
    again = [cell for cells in points.values() for cell in cells]
    assert all(any(interval in row for row in rows + claims + again) for interval in told)


def test_the_other_numbers_are_those_of_the_report(section):
    report = (FIVE / "report.md").read_text()
    rows = re.findall(r"^\| `(.+?)` \| 10 \| ([\d,]+) \| ([\d.]+) \| ([\d.]+) ", report, flags=re.MULTILINE)
    arms = {arm: (parameters, float(train), float(test)) for arm, parameters, train, test in rows}
    parameters, train, test = arms["reference"]
    assert f"({parameters} parameters" in section
    assert f"(train {train} %, test {test} %)" in section
    assert f"({arms['three blocks, averaged'][0]} parameters)" in section
    assert max(arms, key=lambda arm: arms[arm][2]) == "three blocks, averaged"
    dropouts = [arms[f"dropout={level}"] for level in (0.1, 0.3, 0.5)]
    assert max(own[2] for own in dropouts) < test
    assert train > dropouts[0][1] > dropouts[1][1] > dropouts[2][1]
    trials = re.findall(r"^\| `reference` \| \d \| `\w{16}` \| ([\d.]+) \| ([\d.]+) ", report, flags=re.MULTILINE)
    trains, tests = (sorted(map(float, values)) for values in zip(*trials, strict=True))
    assert len(tests) == 10
    text = " ".join(section.split())
    assert f"reaches {tests[0]:.0f} to {tests[-1]:.0f} % on the test images" in text
    assert f"at {trains[0]:.0f} to {trains[-1]:.0f} % on its training images" in text
    hours = re.search(r"took ([\d.]+) hours in all", (FIVE / "cost.md").read_text())
    assert hours
    assert f"with {float(hours[1]):.0f} hours of training" in text
    assert "The class with the fewest scenes in the test has 4:" in report


def test_what_is_said_of_the_arms_holds(section):
    effects = pd.read_csv(FIVE / "effects.csv").set_index(["response", "arm"])
    test, train = effects.loc["test_accuracy"], effects.loc["train_accuracy"]
    assert "improves" not in set(test["word"])
    assert set(test["second_word"].dropna()) == {"cannot be told"}
    text = " ".join(section.split())
    assert f"(adjusted p = {test.loc['three blocks, averaged', 'p_not_worse']:.2f})" in text
    assert (test.loc["lr=0.01", "failed"], test.loc["lr=0.01", "seeds"]) == (2, 8)
    harming = test.index[test["word"] == "harms"]
    assert [arm for arm in harming if train.loc[arm, "high"] > 0] == ["pooling=average"]
    assert f"(adjusted p = {test.loc['pooling=average', 'p_difference']:.3f}, nine of ten seeds)" in text
    report = (FIVE / "report.md").read_text()
    flipped = re.findall(r"`([^`]+)` \*\*harms\*\*.+ exact sign-flip test .+ \(adjusted p = ([\d.]+)\)", report)
    assert flipped == [("pooling=average", "0.0938")]
    assert (
        "by an exact sign-flip test, which takes no normality for granted, it is not shown (adjusted p = 0.0938)"
        in text
    )
    means = 100 * test["effect"].abs()
    assert f"{(means < 12).sum()} of the {len(means)} mean effects are below 12 points" in text
    accuracy = r"^\| `{}` \| \d \| `\w{{16}}` \| [\d.]+ \| ([\d.]+) "
    pairs = [re.findall(accuracy.format(arm), report, flags=re.MULTILINE) for arm in ("pooling=average", "reference")]
    assert sum(float(arm) < float(reference) for arm, reference in zip(*pairs, strict=True)) == 9


def test_what_ten_seeds_can_say_is_what_the_planner_foresees(section):
    text, effects = " ".join(section.split()), pd.read_csv(FIVE / "effects.csv")
    foreseen = Foresight(seeds=10, family=16, alpha=0.05 / 16, margin=0.02, spread=None, pairs=0)
    assert f"detect {foreseen.ratio:.2f} times the spread of the paired differences (80 % power)" in text
    assert f"spread by at most {100 * foreseen.bearable:.1f} points" in text
    spread = 100 * effects.loc[effects["response"] == "test_accuracy", "sd"]
    assert f"they spread by {spread.min():.1f} to {spread.max():.1f}." in text


def test_what_was_still_learning_is_what_the_report_says(section):
    report, text = (FIVE / "report.md").read_text(), " ".join(section.split())
    rises = find_rises(report)
    said = re.search(r"`fit` prints still rose by (.+?) for the reference", text)
    ours = re.findall(r"([\d.]+)(?: points)? for (?:`([^`]+)`|(half width|quarter width))", said[1])
    listed = {(quoted or plain): rise for rise, quoted, plain in ours}
    fewest = min(map(float, listed.values()))
    assert listed == {arm: rise for arm, rise in rises.items() if arm and float(rise) >= fewest}
    assert said[1].endswith(f"and by {rises['']}")


def test_what_a_leak_is_worth_is_what_its_report_says():
    report = (ROOT / "experiments" / "leak" / "report.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \| 5 seeds \| (.+) \|$", report, flags=re.MULTILINE))
    text = " ".join((ROOT / "README.md").read_text().split())
    assert f"scores {rows['random'].split(' | ')[0]} on a random split" in text
    for split, words in (
        ("grouped", "which is {:.1f} points ({:.1f} to {:.1f} over seeds) above a grouped split"),
        ("official_clean", "and {:.1f} ({:.1f} to {:.1f}) above the clean official one"),
    ):
        *_, difference, interval = rows[split].split(" | ")
        low, high = (-100 * float(value) for value in interval.split(" to "))
        assert words.format(-100 * float(difference), high, low) in text
    folder = (ROOT / "experiments" / "leak" / "README.md").read_text()
    for split, cells in rows.items():
        mean, interval, difference, apart = cells.split(" | ")
        assert (
            f"| `{split}` | {mean} ({interval}) | {'' if split == 'random' else f'{difference} ({apart}) '}|" in folder
        )
        if split in ("official_clean", "grouped"):
            low, high = (-100 * float(value) for value in apart.split(" to "))
            assert f"{-100 * float(difference):.1f} ({high:.1f} to {low:.1f})" in folder.replace(" points (", " (")


def test_what_is_said_of_bfloat16_is_what_its_report_says():
    folder = ROOT / "experiments" / "precision"
    report, effects = (folder / "report.md").read_text(), pd.read_csv(folder / "effects.csv").set_index("response")
    found = re.search(r"test ([+-][\d.]+) points (\[[^]]+\]) \((train [+-][\d.]+ \[[^]]+\])", report)
    assert found
    said = f"test {found[1]} {found[2]}, {found[3]}"
    accuracy = r"^\| `{}` \| (\d+) \| `\w{{16}}` \| [\d.]+ \| ([\d.]+) "
    reference, other = (
        {int(seed): float(test) for seed, test in re.findall(accuracy.format(arm), report, flags=re.MULTILINE)}
        for arm in ("reference", "precision=float32")
    )
    apart = [other[seed] - reference[seed] for seed in reference]
    assert len(apart) == 100
    assert (effects.loc["test_accuracy", "seeds"], effects.loc["test_accuracy", "word"]) == (100, "equivalent")
    for path in (ROOT / "README.md", folder / "README.md"):
        text = " ".join(path.read_text().split())
        assert "**equivalent** to" in text
        assert said in text
    assert f"run from {min(apart):+.1f} to {max(apart):+.1f} points" in text
    trains = {
        arm: dict(re.findall(rf"^\| `{arm}` \| (\d+) \| `\w{{16}}` \| ([\d.]+) ", report, flags=re.MULTILINE))
        for arm in ("reference", "precision=float32")
    }
    jumps = {seed: float(trains["precision=float32"][seed]) - float(own) for seed, own in trains["reference"].items()}
    *_, second, first = sorted(jumps, key=lambda seed: abs(jumps[seed]))
    float32, bfloat16 = trains["precision=float32"][first], trains["reference"][first]
    assert (
        f"one seed ({first}) reached {float32} % in float32 and {bfloat16} % in bfloat16; no other pair "
        f"differs by more than {abs(jumps[second]):.1f} points"
    ) in text
    assert f"spread by {100 * effects.loc['test_accuracy', 'sd']:.1f}" in text


def test_what_is_said_of_the_compact_network_is_what_its_report_says():
    folder = ROOT / "experiments" / "compact"
    report, own = (folder / "report.md").read_text(), " ".join((folder / "README.md").read_text().split())
    rows = [line for line in report.splitlines() if line.startswith("| `compact`, ")]
    assert len(rows) == 2
    for row in rows:
        told = "|".join(row.split("|")[:7]) + "|"  # all but the remark
        assert told in own
        assert told in (ROOT / "README.md").read_text()
    train, fitted, test = (float(cell.split(" %")[0]) for cell in rows[1].split("|")[3:6])
    assert f"ours lie {train - test:.1f} points apart" in own
    assert f"the train accuracy is {train - fitted:.1f} points above what `fit` prints" in own


def test_what_is_said_of_the_reference_of_its_author_is_what_its_report_says():
    folder = ROOT / "experiments" / "reference"
    report, own = (folder / "report.md").read_text(), " ".join((folder / "README.md").read_text().split())
    rows = [line for line in report.splitlines() if line.startswith("| `reference`, ")]
    assert len(rows) == 4
    assert rows[1].split("|")[7].strip() == "2 of 5 stayed at chance, left out"
    assert [row.split("|")[2].strip() for row in rows] == ["1", "5", "1", "5"]
    table = "\n".join("|".join(row.split("|")[:7]) + "|" for row in rows)  # all but the remark
    for text in ((folder / "README.md").read_text(), (ROOT / "README.md").read_text()):
        assert table in text
        assert "n grey two of five seeds stayed at chance" in " ".join(text.split())
    each = r"^\| `(.+?)` \| (\d) \| `\w{16}` \| [\d.]+ \| ([\d.]+) "
    found = {(arm, int(seed)): float(test) for arm, seed, test in re.findall(each, report, flags=re.MULTILINE)}
    assert [seed for seed in range(5) if found["reference", seed] < 26] == [0, 4]
    colour = [found["colour=rgb", seed] for seed in range(5)]
    assert f"reach {min(colour)} to {max(colour)} % on the test images: each less than the author's 90 %" in own
    grey, _, rgb = (row.split("|")[6].strip() for row in rows[1:])
    for interval, theirs in ((grey, 65), (rgb, 90)):
        low, high = (float(end) for end in interval.removesuffix(" %").split(" to "))
        assert low < theirs < high  # so that no disagreement is shown


def test_what_is_said_of_the_compact_networks_claims_is_what_their_report_says(section, claims):
    report, own = (CLAIMS / "report.md").read_text(), (CLAIMS / "README.md").read_text()
    assert len(claims) == 2 + 10
    assert "\n".join(claims) in own
    own, section = " ".join(own.split()), " ".join(section.split())
    table = pd.read_csv(CLAIMS / "effects.csv").set_index(["response", "arm"])
    effects, gaps = table.loc["test_accuracy"], table.loc["accuracy_gap"]
    assert list(gaps.index[gaps["low"] > 0]) == ["depth=3", "depth=4", "none in the convolutions", "none at all"]
    arms = re.findall(r"^\| `(.+?)` \| 6 \| ([\d,]+) \| ([\d.]+) \| ([\d.]+) ", report, flags=re.MULTILINE)
    reference, *others = arms
    assert f"reaches {reference[2]} % on training and {reference[3]} % on test images" in own
    assert max(arms, key=lambda arm: float(arm[3]))[0] == "depth=5"
    assert max(others, key=lambda arm: int(arm[1].replace(",", "")))[:2] == ("depth=2", "5,138,436")
    assert "5,138,436 parameters" in own
    words = effects["word"].to_dict()
    assert [arm for arm, word in words.items() if word == "harms"] == ["width=0.5", "none at all"]
    assert [arm for arm, word in words.items() if word == "fails to train"] == ["depth=2", "more in the dense layers"]
    assert words["as it was before"] == "inconclusive"
    assert effects.loc[["depth=2", "more in the dense layers"], "failed"].tolist() == [6, 1]
    assert list(effects.index[effects["p_not_worse"] < 0.05]) == ["depth=5", "width=2"]
    told = {
        "depth=5": f"(adjusted p = {effects.loc['depth=5', 'p_not_worse']:.4f})",
        "width=2": f"(adjusted p = {effects.loc['width=2', 'p_not_worse']:.3f})",
        "none at all": f"(adjusted p = {effects.loc['none at all', 'p_difference']:.7f})",
        "width=0.5": f"({effects.loc['width=0.5', 'p_difference']:.4f})",
        "as it was before": f"(adjusted p = {effects.loc['as it was before', 'p_difference']:.2f})",
    }
    assert all(phrase in own for phrase in told.values())
    assert told["none at all"] in section
    rises = find_rises(report)
    assert f"rose by {rises['width=0.5']} points for it, by {rises['']} for the reference" in own
    lost = r"^\| `more in the dense layers` \| 3 \| `\w{16}` \| ([\d.]+) \| ([\d.]+) "
    train, test = re.findall(lost, report, flags=re.MULTILINE)[0]
    assert f"ended at {train} % on training and {test} % on test images" in own
    hours = re.search(r"took ([\d.]+) hours in all", (CLAIMS / "cost.md").read_text())
    assert hours
    assert round(float(hours[1])) == 4
    assert "66 trials, four hours on two cores" in own

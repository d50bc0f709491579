"""Our figures beside those of the networks' authors: which arm is compared, both train accuracies, what differs."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bloodstudy.analysis import analyse_study
from bloodstudy.reporting.claims.ledger import unmark
from bloodstudy.reporting.claims.study_claims import open_claims
from bloodstudy.reporting.sections.published_results import SECTION


@pytest.fixture
def compare(read_sweep):
    """Return a function that makes a sweep and sets it beside its sources: table, reasons, sweep."""

    def compared(swept, **more):
        analysis = analyse_study(read_sweep(swept, **{"data": "kaggle"} | more))
        if not SECTION.when(analysis):
            return None
        beside = SECTION.claims(open_claims(analysis), [])
        return unmark(beside["table"]), beside["reasons"], analysis.sweep

    return compared


def test_train_accuracy_stands_both_ways_with_intervals_over_seeds(compare, tmp_path):
    table, _, sweep = compare({"model": ["compact"], "seed": [0, 1, 2]})
    (row,) = (line for line in table.splitlines() if ", here " in line)
    folders = [tmp_path / "runs" / "scratch" / key for key in sweep.plan.keys]
    fitted = [pd.read_csv(folder / "history.csv")["fit_accuracy"].iloc[-1] for folder in folders]
    responses = [
        [result.responses[f"{side}_accuracy"] for result in sweep.results.values()] for side in ("train", "test")
    ]
    cells = []
    for values in (responses[0], fitted, responses[1]):
        low, high = stats.t.interval(0.95, 2, np.mean(values), stats.sem(values))
        cells.append(f"{100 * np.mean(values):.1f} % [{100 * low:.1f}, {100 * high:.1f}]")
    assert [cell.strip() for cell in row.split("|")[2:6]] == ["3", *cells]
    half = stats.t.ppf(0.975, 2) * np.std(responses[1], ddof=1) * np.sqrt(1 + 1 / 3)
    low, high = (100 * min(1, np.mean(responses[1]) + sign * half) for sign in (-1, 1))
    assert row.split("|")[6].strip() == f"{low:.1f} to {high:.1f} %"
    assert "| `compact`, its author | 1 | 80 % | – | 79 % | – |" in table
    assert "reference" not in table


def test_what_the_author_of_the_compact_network_does_not_say_is_listed(compare):
    _, (reason,), _ = compare({"model": ["compact"], "conv_dropout": [0.2], "seed": [0, 1, 2]})
    for unsaid in ("conv_dropout=0.2", "optimizer=adam", "lr=0.0005", "batch_size=100"):
        assert f"`{unsaid}` here, not said there" in reason
    assert "judged by `data.split=official` here, by a split that is not said there" in reason


def test_grey_and_colour_stand_each_beside_its_own_figure(compare):
    table, reasons, _ = compare({"colour": ["gray", "rgb"], "seed": [0, 1]})
    first = [line.split("|")[1].strip() for line in table.splitlines()[2:]]
    author = "`reference`, its author"
    assert first == [author, "`reference`, here (`colour=gray`)", author, "`reference`, here (`colour=rgb`)"]
    assert "about 65 %" in table.splitlines()[2]
    assert "about 90 %" in table.splitlines()[4]
    grey, colour = reasons
    assert grey.startswith("`colour=gray` and its author's run on grey images: `epochs=12` here, `600` there; several")
    assert colour.startswith(
        "`colour=rgb` and its author's note on colour images: `epochs=12` here, not said there; sev"
    )


def test_of_several_arms_the_nearest_to_the_source_is_shown(compare):
    table, reasons, _ = compare({"lr": [1e-2, 5e-4, 1e-4], "seed": [0]})
    assert "here (`lr=0.0005`)" in table
    assert table.count(", here ") == 1
    assert not any("`lr=" in reason.split(":", 1)[1] for reason in reasons)


def test_of_arms_that_all_differ_from_the_source_the_one_with_the_nearest_number_is_shown(compare):
    table, _, _ = compare({"lr": [1e-2, 1e-4, 1e-3], "seed": [0]})
    assert "here (`lr=0.001`)" in table
    assert table.count(", here ") == 1


def test_an_arm_in_colour_is_told_apart_from_the_run_on_grey_images_too(compare):
    table, reasons, _ = compare({"colour": ["rgb"], "norm": ["batch"], "precision": ["bfloat16"], "seed": [0]})
    assert table.count(", here ") == 1
    grey, colour = (reason.split(": ", 1)[1].split("; ") for reason in reasons)
    shared = ["`norm=batch` here, `lrn` there", "`precision=bfloat16` here, not said there"]
    assert set(grey) == {*shared, "`colour=rgb` here, `gray` there", "`epochs=12` here, `600` there"}
    assert set(colour) == {*shared, "`epochs=12` here, not said there"}


def test_one_seed_has_no_interval(compare):
    table, reasons, _ = compare({"seed": [3]})
    (row,) = (line for line in table.splitlines() if ", here " in line)
    assert "[" not in row
    assert row.split("|")[2].strip() == "1"
    assert not any("several seeds" in reason for reason in reasons)


def test_seeds_at_chance_are_counted_and_in_no_mean(claims_of):
    def row_of(*stuck):
        outcomes = {("reference", seed): "chance" for seed in stuck}
        claims = claims_of("pooling", seeds=3, data="kaggle", photographs=14, copies=5, outcomes=outcomes)
        table = unmark(SECTION.claims(claims, [])["table"])
        (row,) = (line for line in table.splitlines() if "here (`reference`)" in line)
        accuracy = claims.sweep.of("reference").set_index("seed")["test_accuracy"]
        return [cell.strip() for cell in row.split("|")[2:-1]], 100 * accuracy.drop(list(stuck)).mean()

    cells, learnt = row_of(1)
    assert cells[0] == "3"
    assert cells[3].startswith(f"{learnt:.1f} %")
    assert cells[5] == "1 of 3 stayed at chance, left out"
    alone = row_of(0, 2)[0]
    assert (alone[4], alone[5]) == ("–", "2 of 3 stayed at chance, left out")
    assert row_of(0, 1, 2)[0][5] == "3 of 3 stayed at chance"


@pytest.mark.parametrize(("swept", "data"), [({"seed": [0, 1]}, "smear"), ({"model": ["of_a_user"]}, "kaggle")])
def test_other_images_and_other_networks_have_no_source(compare, swept, data):
    assert compare(swept, data=data) is None


def test_trials_that_did_not_finish_are_set_beside_nothing(compare):
    assert compare({"seed": [0, 1]}, outcomes={0: "diverged", 1: "failed"}) is None

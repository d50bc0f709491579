"""What the answers rest on: the test photographs of each class, the arms' own accuracies, the images nobody gets right.

In: a judged study, and how its numbers are told. Out: Markdown tables and sentences. Images are named, never shown.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import Any

import pandas as pd

from bloodstudy.analysis import EvaluationImages, StudyAnalysis
from bloodstudy.analysis.comparisons.hard_images import HardImages, find_hard_images
from bloodstudy.analysis.comparisons.validity import look_at_training
from bloodstudy.data.quality.effective_size import weigh_test
from bloodstudy.reporting.claims.ledger import NONE
from bloodstudy.reporting.claims.study_claims import PERCENT, RESPONSES, StudyClaims
from bloodstudy.reporting.claims.sweep_claims import FORMULAS as ARM_FORMULAS
from bloodstudy.reporting.figures import training
from bloodstudy.reporting.render.markdown import code, embed, plain, table
from bloodstudy.reporting.sections import calibration, networks
from bloodstudy.reporting.sections.section import (
    Drawing,
    Section,
    find_reference,
    group_arms,
    has_questions,
    has_results,
    style_arms,
)

MAX_NAMED = 30
RECALL = "test_recall_"
OFFICIAL = "official_test_accuracy"  # of a study that is judged by official_clean
FORMULAS = {OFFICIAL: "test_accuracy, with the test images whose scene is in training"}


def describe_arms(claims: StudyClaims, drawn: list[str]) -> dict[str, Any]:
    """Return what each arm is and reaches: tables, networks, curves, confusions, probabilities, hard images."""
    analysis = claims.analysis
    sweep, missed = analysis.sweep, find_hard_images_of(analysis)
    matrices = training.choose_matrices(sweep, find_reference(analysis))
    texts = {
        "training": f"Accuracy and loss while fitting against the epoch, one line an arm ({len(sweep.arms)} in all)",
        "confusion": "Confusion matrices of the test set: share and count of predicted classes for each true class",
        "calibration": "How often each arm is right against how sure it is"
        + (", one panel a question" if has_questions(analysis) else ""),
    }
    figures = {name: embed(name, text, drawn) for name, text in texts.items()}
    weighed = calibration.weigh_arms(analysis) if figures["calibration"] else {}
    return {
        "weighed": name_weighed(analysis),
        "networks": networks.list_networks(sweep, claims),
        "arms": tabulate_arms(analysis, claims),
        "at_chance": describe_chance(analysis, claims),
        "official": describe_official(analysis),
        "figures": figures,
        "several_seeds": len(sweep.seeds) > 1,
        "matrices": len(matrices),
        "hidden": len(training.list_tested(sweep)) - len(matrices),
        "calibration": calibration.tabulate_calibration(weighed, claims),
        "missed": describe_missed(missed, claims),
        "missed_images": tabulate_missed(missed, claims),
    }


def draw_arms(analysis: StudyAnalysis) -> dict[str, Drawing]:
    """Return the training curves, the confusion matrices and the reliability of the probabilities."""
    sweep, styles, groups = analysis.sweep, style_arms(analysis), group_arms(analysis)
    matrices, weighed = training.choose_matrices(sweep, find_reference(analysis)), calibration.weigh_arms(analysis)
    drawings: dict[str, Drawing] = {}
    if sweep.histories:
        drawings["training"] = partial(training.draw_training, sweep, styles, groups)
    if matrices:
        drawings["confusion"] = partial(training.draw_confusions, sweep, matrices)
    if weighed:
        drawings["calibration"] = partial(calibration.draw_calibration, groups, weighed, styles)
    return drawings


SECTION = Section("arms", has_results, describe_arms, "arms.md.j2", draw_arms)


def tabulate_photographs(analysis: StudyAnalysis, claims: StudyClaims) -> str:
    """Return the test images, photographs (or scenes) and effective number of each class; empty where none is known."""
    example = _find_shown(analysis)
    if example is None or example[0].unit == "image":
        return ""
    shown, split, key = example
    rows = shown.table.loc[shown.tested(split)]
    frame = pd.DataFrame({"class": rows["label"].tolist(), shown.unit: rows[shown.unit].tolist()})
    header = ["test images", f"{shown.unit}s", "worth independent images"]
    formulas = {
        "images": "number of test images of the class",
        "units": f"number of different {shown.unit}s among them",
        "effective": f"(sum n)^2 / sum n^2 over the images n that each {shown.unit} gave",
    }
    forms = {"images": ",d", "units": ",d", "effective": ".1f"}
    cells = []
    for row in weigh_test(frame, shown.classes, shown.unit).to_dict("records"):
        counts = [
            claims.count(_number(row[name]), f"test/{row['class']}/{name}", formulas[name], [key], forms[name])
            for name in forms
        ]
        cells.append([code(row["class"]) if row["class"] in shown.classes else "all", *counts])
    return table(["class", *header], cells, right=header)


def name_weighed(analysis: StudyAnalysis) -> str:
    """Return which test images `tabulate_photographs` is about, where there are several; else nothing."""
    example = _find_shown(analysis)
    splits = dict.fromkeys(planned.evaluated_on for planned in analysis.sweep.plan.trials)
    return f"split {code(example[1])}" if example and len(splits) > 1 else ""


def _find_shown(analysis: StudyAnalysis) -> tuple[EvaluationImages, str, str] | None:
    for planned in analysis.sweep.plan.trials:
        predictions = analysis.sweep.predictions.get(planned.key)
        if predictions is not None:
            return predictions.shown, planned.evaluated_on, planned.key
    return None


def tabulate_arms(analysis: StudyAnalysis, claims: StudyClaims) -> str:
    """Return what each arm itself reaches: means over its finished seeds, in per cent."""
    sweep, titles = analysis.sweep, {name: title for title, name in RESPONSES.items()}
    if _is_clean(analysis):
        titles[OFFICIAL] = "test, official"
    if "test_macro_f1" in sweep.trials:
        titles["test_macro_f1"] = "macro F1"
    recalls = [name for name in sweep.trials.columns if str(name).startswith(RECALL)]
    titles |= {name: f"recall {plain(name.removeprefix(RECALL))}" for name in recalls}
    rows = []
    for arm in sweep.arms:
        done = sweep.of(arm, "finished")
        keys = list(done["key"])
        if OFFICIAL in titles:
            done = done.assign(**{OFFICIAL: [_judge_officially(key, analysis) for key in keys]})
        cells = [code(arm), claims.finished(arm), claims.parameters(arm)]
        for name in titles:
            value = 100 * float(done[name].to_numpy(dtype=float).mean()) if len(done) else math.nan
            form = PERCENT if name != "accuracy_gap" else "+z.1f"
            formula = f"100 * mean over the finished seeds of {FORMULAS.get(name, name)}"
            cells.append(claims.count(value, f"arm/{arm}/{name}/percent", formula, keys, form))
        rows.append(cells)
    numbers = ["seeds", "parameters", *titles.values()]
    return table(["arm", *numbers], rows, right=numbers)


def describe_official(analysis: StudyAnalysis) -> str:
    """Explain the column of the official split; empty where there is none."""
    counted = (
        "*Test, official* counts the test images whose scene is in training too; of an arm that is judged on the clean "
        "split, no other column does."
    )
    return counted if _is_clean(analysis) else ""


def _is_clean(analysis: StudyAnalysis) -> bool:
    return any(planned.evaluated_on == "official_clean" for planned in analysis.sweep.plan.trials)


def describe_chance(analysis: StudyAnalysis, claims: StudyClaims) -> str:
    """Say which arms' means hold trials that stayed at chance; empty where none did."""
    sweep, counts = analysis.sweep, []
    for arm in sweep.arms:
        if stuck := look_at_training(sweep, arm, sweep.seeds).chance:
            done = sweep.of(arm, "finished")
            count = claims.count(len(stuck), f"arm/{arm}/at_chance", ARM_FORMULAS["at_chance"], done["key"], "d")
            counts.append(f"{code(arm)} {count} of {claims.finished(arm)}")
    return f"Trials that stayed at chance are in these means: {', '.join(counts)}." if counts else ""


def _judge_officially(key: str, analysis: StudyAnalysis) -> float:
    predictions = analysis.sweep.predictions.get(key)
    return float(predictions.correct[predictions.shown.tested("official")].mean()) if predictions else math.nan


def find_hard_images_of(analysis: StudyAnalysis) -> HardImages:
    """Return the test images that all trials that learnt something get wrong."""
    sweep, failing = analysis.sweep, set()
    for arm in sweep.arms:
        seeds = look_at_training(sweep, arm, sweep.seeds).failing
        failing |= set(sweep.of(arm)["key"][sweep.of(arm)["seed"].isin(seeds)])
    return find_hard_images(sweep, failing)


def describe_missed(missed: HardImages, claims: StudyClaims) -> str:
    """Return how many test images nobody gets right."""
    if not missed.keys:
        return ""
    formula = "number of test images whose largest p_* is that of another class than their label, in every trial"
    count = claims.count(len(missed.images), "missed/images", formula, missed.keys)
    tested = claims.count(missed.tested, "missed/tested", "number of test images", missed.keys)
    trials = claims.count(len(missed.keys), "missed/trials", "number of trials that learnt something", missed.keys)
    where = f"all {trials} trials" if len(missed.keys) > 1 else f"the {trials} trial"
    text = f"{count} of {tested} test images are wrong in {where} that learnt something."
    if len(missed.images) > MAX_NAMED:
        text += f" The first {MAX_NAMED}, those that are most often taken for the same class:"
    elif len(missed.images):
        text += " They are:"
    return text


def tabulate_missed(missed: HardImages, claims: StudyClaims) -> str:
    """Return the images that nobody gets right, the first thirty; empty where there is none."""
    rows = []
    for row in _records(missed.images.head(MAX_NAMED)):
        name = f"missed/{row['image']}/share"
        formula = "100 * share of the trials that take it for this class"
        share = claims.count(100 * row["share"], name, formula, missed.keys, ".0f")
        photograph = code(row["photograph"]) if row["photograph"] else NONE
        rows.append([code(row["image"]), photograph, code(row["label"]), code(row["called"]), f"{share} %"])
    header = ["image", "photograph", "label", "taken for", "by"]
    return table(header, rows, right=["by"]) if rows else ""


def _records(frame: pd.DataFrame) -> list[Mapping[str, Any]]:
    return frame.to_dict("records")  # type: ignore[return-value]


def _number(value: Any) -> float:
    return math.nan if pd.isna(value) else float(value)

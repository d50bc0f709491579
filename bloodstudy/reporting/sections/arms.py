"""The arms themselves: what each is and reaches, its network, its curves, its confusions, its probabilities.

In: an analysed study with its claims. Out: Markdown by the names that the template has for it, and the figures.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

from bloodstudy.analysis import StudyAnalysis
from bloodstudy.analysis.comparisons.validity import look_at_training
from bloodstudy.reporting.claims.study_claims import FORMULAS, StudyClaims, percent_form
from bloodstudy.reporting.figures import confusion, training
from bloodstudy.reporting.figures.style import MANY, Drawing
from bloodstudy.reporting.render.markdown import code, embed, plain, table
from bloodstudy.reporting.sections import calibration, hard_images
from bloodstudy.reporting.sections.data import name_weighed
from bloodstudy.reporting.sections.effect_tables import RECALL
from bloodstudy.reporting.sections.section import Section, find_reference, group_arms, has_results, style_arms

OFFICIAL = "official_test_accuracy"  # of a study that is judged by official_clean
ABOUT_OFFICIAL = (
    "*Test, official* counts the test images whose scene is in training too; of an arm that is judged on the clean "
    "split, no other column does."
)


def describe_arms(claims: StudyClaims, drawn: list[str]) -> dict[str, Any]:
    """Return what each arm is and reaches: tables, networks, curves, confusions, probabilities, hard images."""
    analysis, sweep = claims.analysis, claims.sweep
    missed = hard_images.find_hard_images_of(analysis)
    matrices = confusion.choose_matrices(sweep, find_reference(analysis))
    classes = next((len(examined.confusion) for arm in matrices for examined in sweep.examined(arm)), 0)
    of_many = f"; of {classes} classes those that are confused most, the others as one" if classes > MANY else ""
    panels = ", one panel a question" if sweep.plan.questions else ""
    texts = {
        "training": f"Accuracy and loss while fitting against the epoch, one line an arm ({len(sweep.arms)} in all)",
        "confusion": f"Confusion matrices of the test set: share of predicted classes for each true class{of_many}",
        "calibration": f"How often each arm is right against how sure it is{panels}",
    }
    figures = {name: embed(name, text, drawn) for name, text in texts.items()}
    weighed = calibration.weigh_arms(analysis) if figures["calibration"] else {}
    return {
        "weighed": name_weighed(analysis),
        "weighed_apart": bool(analysis.comparisons),
        "networks": list_networks(claims),
        "arms": tabulate_arms(claims),
        "at_chance": describe_chance(claims),
        "official": ABOUT_OFFICIAL if _is_clean(analysis) else "",
        "figures": figures,
        "block": claims.block,
        "several_seeds": len(sweep.seeds) > 1,
        "matrices": len(matrices),
        "counted": len(matrices) <= confusion.FEW,
        "hidden": len(confusion.list_tested(sweep)) - len(matrices),
        "calibration": calibration.tabulate_calibration(weighed, claims),
        "missed": hard_images.describe_missed(missed, claims),
        "missed_images": hard_images.tabulate_missed(missed, claims),
    }


def draw_arms(analysis: StudyAnalysis) -> dict[str, Drawing]:
    """Return the training curves, the confusion matrices and the reliability of the probabilities."""
    sweep, styles, groups = analysis.sweep, style_arms(analysis), group_arms(analysis)
    matrices, weighed = confusion.choose_matrices(sweep, find_reference(analysis)), calibration.weigh_arms(analysis)
    drawings: dict[str, Drawing] = {}
    if sweep.histories:
        drawings["training"] = partial(training.draw_training, sweep, styles, groups)
    if matrices:
        drawings["confusion"] = partial(confusion.draw_confusions, sweep, matrices)
    if weighed:
        drawings["calibration"] = partial(calibration.draw_calibration, groups, weighed, styles)
    return drawings


SECTION = Section("arms", has_results, describe_arms, draw_arms)


def list_networks(claims: StudyClaims) -> list[dict[str, str]]:
    """Return arm, model and table of each different model; nothing for results of an older version, without layers."""
    sweep, networks = claims.sweep, {}
    for arm in sweep.arms:
        known = [sweep.results[key] for key in sweep.of(arm)["key"] if key in sweep.results]
        result = next((network for network in known if network.layers), None)
        if result is None or result.model in networks:
            continue
        rows, keys = [], claims.keys(arm)
        for place, layer in enumerate(result.layers or (), start=1):
            shape = " × ".join(map(str, layer["output"] or ())) or "–"
            name, formula = f"arm/{arm}/layer/{place}/parameters", "number of weights of the layer, trainable or not"
            parameters = claims.number(layer["parameters"], name, formula, keys)
            rows.append([str(place), plain(layer["kind"]), shape, parameters])
        rows.append(["", "all", "", claims.parameters(arm)])
        layers = table(["", "layer", "output", "parameters"], rows, right=["output", "parameters"])
        networks[result.model] = {"arm": code(arm), "model": code(result.model), "table": layers}
    return list(networks.values())


def tabulate_arms(claims: StudyClaims) -> str:
    """Return what each arm itself reaches: means over its finished seeds, in per cent."""
    sweep, titles = claims.sweep, {name: title for title, name in claims.responses.items()}
    if _is_clean(claims.analysis):
        titles[OFFICIAL] = "test, official"
    if "test_macro_f1" in sweep.trials:
        titles["test_macro_f1"] = "macro F1"
    recalls = [name for name in sweep.trials.columns if str(name).startswith(RECALL)]
    titles |= {name: f"recall {plain(name.removeprefix(RECALL))}" for name in recalls}
    formulas = {OFFICIAL: "test_accuracy, with the test images whose scene is in training"}
    rows = []
    for arm in sweep.arms:
        done = sweep.of(arm, "finished")
        keys = list(done["key"])
        if OFFICIAL in titles:
            done = done.assign(**{OFFICIAL: [_judge_officially(key, claims.analysis) for key in keys]})
        cells = [code(arm), claims.finished(arm), claims.parameters(arm)]
        for name in titles:
            value = 100 * float(done[name].to_numpy(dtype=float).mean()) if len(done) else math.nan
            formula = f"100 * mean over the finished {claims.block}s of {formulas.get(name, name)}"
            cells.append(claims.number(value, f"arm/{arm}/{name}/percent", formula, keys, percent_form(name)))
        rows.append(cells)
    numbers = [f"{claims.block}s", "parameters", *titles.values()]
    return table(["arm", *numbers], rows, right=numbers)


def _is_clean(analysis: StudyAnalysis) -> bool:
    return any(planned.evaluated_on == "official_clean" for planned in analysis.sweep.plan.trials)


def _judge_officially(key: str, analysis: StudyAnalysis) -> float:
    predictions = analysis.sweep.predictions.get(key)
    return float(predictions.correct[predictions.shown.tested("official")].mean()) if predictions else math.nan


def describe_chance(claims: StudyClaims) -> str:
    """Say which arms' means hold trials that stayed at chance; empty if none did."""
    sweep, counts = claims.sweep, []
    for arm in sweep.arms:
        if stuck := look_at_training(sweep, arm, sweep.seeds).chance:
            name, keys = f"arm/{arm}/at_chance", sweep.of(arm, "finished")["key"]
            count = claims.number(len(stuck), name, FORMULAS["at_chance"], keys, "d")
            counts.append(f"{code(arm)} {count} of {claims.finished(arm)}")
    return f"Trials that stayed at chance are in these means: {', '.join(counts)}." if counts else ""

"""The tables for other programs: CSV with every digit, LaTeX for a paper.

In: an analysed study. Out: the content of trials.csv (one row a planned trial), effects.csv (one row a comparison and
response), effects.tex (booktabs), and of a study by folds blocks.csv (what each trial got right, by class and scene).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from bloodstudy.analysis import Comparison, StudyAnalysis, StudyResults
from bloodstudy.config.factors import FACTORS
from bloodstudy.config.visible import visible
from bloodstudy.reporting.claims.ledger import NONE, round_value
from bloodstudy.reporting.claims.study_claims import RESPONSES, form_points
from bloodstudy.reporting.render.markdown import rows_of, write_csv
from bloodstudy.reporting.sections.verdicts import AFTERWARDS, name_verdict
from bloodstudy.study.arms import BLOCK_KEYS, spell
from bloodstudy.study.outcome import Outcome

_ESCAPED = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
}  # fmt: skip
TOLD = ("train_accuracy", "test_accuracy", "accuracy_gap", "test_macro_f1", "parameters", "epochs_done")
BLOCK_COLUMNS = ("arm", "repetition", "fold", "seed", "class", "scene", "n", "correct")
UNTESTED = dict.fromkeys(
    ("at_least", "at_most", "these_low", "these_high", "scenes_low", "scenes_high", "margin"), math.nan
) | dict.fromkeys(("verdict", "look", "not_worse", "not_worse_look"), "")


def tabulate_trials(analysis: StudyAnalysis) -> pd.DataFrame:
    """Return one row a planned trial, in the order of the plan: what it is, how it ended, its responses as fractions.

    Levels are those that some arm changes, as resolved. What a trial took is not here, since it is another each time.
    """
    sweep, by_folds = analysis.sweep, analysis.by_folds
    trials = sweep.trials
    told = (*TOLD, *sweep.plan.metrics)
    responses = [name for name in trials if name in told or str(name).startswith("test_recall_")]
    table = pd.DataFrame({name: trials[name] for name in ("key", "arm", "seed")})
    if by_folds:
        places = [sweep.plan.repetitions.place(seed) for seed in trials["seed"]]
        table[["repetition", "fold"]] = pd.DataFrame(places, index=table.index)
    table["split"] = trials["judged"]
    table["outcome"] = [str(outcome) for outcome in trials["outcome"]]
    known = [key in sweep.results for key in trials["key"]]  # others have no resolved level
    for name in FACTORS:
        if name in trials and name not in BLOCK_KEYS:
            levels = [spell(level) if there else "" for level, there in zip(trials[name], known, strict=True)]
            if len({*levels} - {""}) > 1:
                table[name] = levels
    for name in responses:
        table[name] = [round_value(value) if isinstance(value, float) else value for value in trials[name]]
    return table


def tabulate_effects(analysis: StudyAnalysis) -> pd.DataFrame:
    """Return one row a comparison and response, in fractions of accuracy; verdict and bounds on the one that decides.

    The effects leave out the `dead` trials of the arm and of its reference, which diverged or learnt nothing.
    """
    rows = []
    for comparison in analysis.comparisons:
        for response, effect in comparison.effects.items():
            row = {
                "arm": comparison.pair.arm, "reference": comparison.pair.reference,
                "questions": " ".join(comparison.pair.questions), "role": comparison.pair.role, "response": response,
                "blocks": effect.n, "dead": len(comparison.training.failing),
                "reference_dead": len(comparison.reference_training.failing),
                "effect": effect.mean, "low": effect.low, "high": effect.high,
            }  # fmt: skip
            row |= _list_verdict(comparison) if response == comparison.response else UNTESTED
            rows.append({name: round_value(v) if isinstance(v, float) else v for name, v in row.items()})
    return pd.DataFrame(rows)


def _list_verdict(comparison: Comparison) -> dict[str, Any]:
    """Return what is told of the response that decides."""
    verdict, last = comparison.verdict, comparison.course.last
    told = last.told if last and comparison.seeds else None
    these, scenes = comparison.these, comparison.scenes
    return UNTESTED | {
        "at_least": told.at_least if told else math.nan, "at_most": told.at_most if told else math.nan,
        "these_low": these[0], "these_high": these[1], "scenes_low": scenes.low, "scenes_high": scenes.high,
        "margin": comparison.pair.margin, "verdict": verdict.text, "look": verdict.look or "",
        "not_worse": ("yes" if verdict.not_worse else "no") if told else "",
        "not_worse_look": verdict.not_worse_look or "",
    }  # fmt: skip


def tabulate_blocks(sweep: StudyResults) -> pd.DataFrame:
    """Return one row a finished trial and cell (the test images of one class in one scene), in the order of the plan.

    What another statistician needs to repeat everything: n images, of which `correct` were right.
    """
    rows = []
    done = sweep.trials.loc[sweep.trials["outcome"] == Outcome.FINISHED]
    for trial in rows_of(done):
        score = sweep.score(trial["key"], trial["judged"])
        if score is None:
            continue
        repetition, fold = sweep.plan.repetitions.place(trial["seed"])
        cells, names = score.cells, sweep.predictions[trial["key"]].shown.classes
        block = {"arm": trial["arm"], "repetition": repetition, "fold": fold, "seed": trial["seed"]}
        each = zip(cells.classes.tolist(), cells.scenes, cells.images.tolist(), score.correct.tolist(), strict=True)
        rows += [block | {"class": names[c], "scene": scene, "n": n, "correct": right} for c, scene, n, right in each]
    return pd.DataFrame(rows, columns=[*BLOCK_COLUMNS])


def write_tables(analysis: StudyAnalysis) -> dict[str, str]:
    """Return the tables by name: trials, effects if arms are compared, and blocks of a study by folds."""
    trials = {"trials.csv": write_csv(tabulate_trials(analysis))}
    if not analysis.comparisons:
        return trials
    tables = trials | {"effects.csv": write_csv(tabulate_effects(analysis)), "effects.tex": write_latex(analysis)}
    return tables | ({"blocks.csv": write_csv(tabulate_blocks(analysis.sweep))} if analysis.by_folds else {})


def write_latex(analysis: StudyAnalysis) -> str:
    """Return the content of effects.tex: a table that needs the package booktabs and nothing else."""
    plan = analysis.sweep.plan
    own, decides = [*plan.metrics], plan.responds_by if plan.response else "test"
    several = len({comparison.pair.reference for comparison in analysis.comparisons}) > 1
    names = ["Arm", "Reference"] if several else ["Arm"]
    blocks, judged = "blocks" if analysis.by_folds else "seeds", analysis.afterwards and analysis.family
    weighed = "classes weighing alike in train, test and gap" if own else "of accuracy, classes weighing alike"
    what = f"Differences to the reference in points{',' if own else ''} {weighed}, mean over {blocks}"
    lines = [
        f"% {what}. Of {escape(decides)}",
        "% the interval that holds at all looks, which decides; of "
        f"{'the others' if own else 'train and gap'} a descriptive 95 % interval.",
        *([f"% The verdicts were {AFTERWARDS}: no looks were declared before the first trial."] if judged else []),
        "% A star: trials of the arm diverged or learnt nothing, and are not in its effects.",
        rf"\begin{{tabular}}{{{'l' * len(names)}rrrr{'r' * len(own)}l}}",
        r"\toprule",
        " & ".join([*names, blocks.capitalize(), "Train", "Test", "Gap", *map(escape, own), r"Verdict \\"]),
        r"\midrule",
        *(_write_row(comparison, [*RESPONSES.values(), *own], several) for comparison in analysis.comparisons),
        r"\bottomrule",
        r"\end{tabular}",
    ]
    return "\n".join(lines) + "\n"


def _write_row(comparison: Comparison, responses: Sequence[str], several: bool) -> str:
    effects = [_write_effect(comparison, response) for response in responses]
    name = escape(comparison.pair.arm) + ("$^*$" if comparison.conditional else "")
    cells = [
        name,
        *([escape(comparison.pair.reference)] if several else []),
        str(len(comparison.seeds)),
        *effects,
        escape(name_verdict(comparison.verdict, partial=bool(comparison.seeds))),
    ]
    return " & ".join(cells) + r" \\"


def _write_effect(comparison: Comparison, response: str) -> str:
    effect = comparison.effects[response]
    if math.isnan(effect.mean):
        return NONE.replace("–", "--")
    form = form_points(effect.low, effect.high)
    mean, low, high = (format(100 * value, form) for value in (effect.mean, effect.low, effect.high))
    return f"${mean}$" if math.isnan(effect.low) else f"${mean}$ [${low}$, ${high}$]"


def escape(text: str) -> str:
    """Return `text` for LaTeX, each special character meaning itself."""
    return "".join(_ESCAPED.get(character, character) for character in visible(text))

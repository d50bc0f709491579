"""The table of effects for other programs: CSV with every digit, LaTeX for a paper.

In: an analysed study. Out: the content of effects.csv (one row a comparison and response) and effects.tex (booktabs).
"""

from __future__ import annotations

import math

import pandas as pd

from bloodstudy.analysis import Comparison, StudyAnalysis
from bloodstudy.reporting.claims.ledger import NONE, round_value
from bloodstudy.reporting.claims.study_claims import RESPONSES
from bloodstudy.reporting.render.markdown import write_csv
from bloodstudy.visible import visible

_ESCAPED = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
}  # fmt: skip


def tabulate_effects(analysis: StudyAnalysis) -> pd.DataFrame:
    """Return one row a comparison and response, in fractions of accuracy; adjusted p-values on test accuracy alone.

    The effects leave out the `failed` trials of the arm, which diverged or stayed at chance.
    """
    rows = []
    for comparison in analysis.comparisons:
        for response, effect in comparison.effects.items():
            test, verdict = response == "test_accuracy", comparison.verdict
            wider, nothing = comparison.wider, (math.nan, math.nan)
            bootstrap = comparison.bootstrap or nothing
            wider_ends, bootstrap_ends = ((wider.low, wider.high), bootstrap) if test else (nothing, nothing)
            adjusted = (verdict.adjusted if test and verdict.tested else None) or {}
            row = {
                "arm": comparison.pair.arm, "reference": comparison.pair.reference,
                "questions": " ".join(comparison.pair.questions), "role": comparison.pair.role, "response": response,
                "seeds": effect.n, "failed": len(comparison.training.failing),
                "effect": effect.mean, "low": effect.low, "high": effect.high, "sd": effect.sd,
                "d_z": effect.d_z, "margin": comparison.pair.margin,
                "new_photographs_low": wider_ends[0], "new_photographs_high": wider_ends[1],
                "new_photographs_bootstrap_low": bootstrap_ends[0],
                "new_photographs_bootstrap_high": bootstrap_ends[1],
            }  # fmt: skip
            row |= {f"p_{kind}": adjusted.get(kind, math.nan) for kind in ("difference", "equivalence", "not_worse")}
            row |= {"word": verdict.word if test else "", "second_word": (verdict.second or "") if test else ""}
            rows.append({name: round_value(v) if isinstance(v, float) else v for name, v in row.items()})
    return pd.DataFrame(rows)


def write_tables(analysis: StudyAnalysis) -> dict[str, str]:
    """Return the content of effects.csv and effects.tex by name; nothing if no arm is compared with another."""
    if not analysis.comparisons:
        return {}
    table = write_csv(tabulate_effects(analysis))
    return {"effects.csv": table, "effects.tex": write_latex(analysis)}


def write_latex(analysis: StudyAnalysis) -> str:
    """Return the content of effects.tex: a table that needs the package booktabs and nothing else."""
    lines = [
        "% Differences to the reference in points of accuracy, mean over paired seeds [95 % interval].",
        "% A star: trials of the arm diverged or stayed at chance, and are not in its effects.",
        r"\begin{tabular}{lrrrrl}",
        r"\toprule",
        r"Arm & Seeds & Train & Test & Gap & Verdict \\",
        r"\midrule",
        *(_write_row(comparison) for comparison in analysis.comparisons),
        r"\bottomrule",
        r"\end{tabular}",
    ]
    return "\n".join(lines) + "\n"


def _write_row(comparison: Comparison) -> str:
    effects = [_write_effect(comparison, response) for response in RESPONSES.values()]
    name = escape(comparison.pair.arm) + ("$^*$" if comparison.conditional else "")
    cells = [name, str(len(comparison.seeds)), *effects, escape(comparison.verdict.word)]
    return " & ".join(cells) + r" \\"


def _write_effect(comparison: Comparison, response: str) -> str:
    effect = comparison.effects[response]
    if math.isnan(effect.mean):
        return NONE.replace("–", "--")
    mean, low, high = (f"{100 * value:+z.2f}" for value in (effect.mean, effect.low, effect.high))
    return f"${mean}$" if math.isnan(effect.low) else f"${mean}$ [${low}$, ${high}$]"


def escape(text: str) -> str:
    """Return `text` for LaTeX, each special character meaning itself."""
    return "".join(_ESCAPED.get(character, character) for character in visible(text))

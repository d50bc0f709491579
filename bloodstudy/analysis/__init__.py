"""From published trials to tidy frames, effects and verdicts. Runs without TensorFlow and without MLflow."""

from bloodstudy.analysis.asked import Look, Pair, role_in
from bloodstudy.analysis.comparison import Comparison, Needed
from bloodstudy.analysis.effect import Effect
from bloodstudy.analysis.examined import Examined, examine
from bloodstudy.analysis.foresight import Foresight, foresee
from bloodstudy.analysis.interaction import Interaction, list_interactions
from bloodstudy.analysis.judged import Judged, judge_sweep
from bloodstudy.analysis.portable import find_folder, hide_folders, make_portable
from bloodstudy.analysis.predictions import Predictions, Reader, Shown
from bloodstudy.analysis.simplest import Simplest, find_simplest
from bloodstudy.analysis.strips import Tuned, tune
from bloodstudy.analysis.sweep import Arm, Sweep, read_sweep, summarise_arms
from bloodstudy.analysis.trials import Leak, flag_no_ops, judge, list_leaks, read_plan, read_result, read_trials
from bloodstudy.analysis.unpaired import SPLIT_KEYS, compare_splits, list_points, take_question
from bloodstudy.analysis.verdict import Verdict

__all__ = [
    "SPLIT_KEYS",
    "Arm",
    "Comparison",
    "Effect",
    "Examined",
    "Foresight",
    "Interaction",
    "Judged",
    "Leak",
    "Look",
    "Needed",
    "Pair",
    "Predictions",
    "Reader",
    "Shown",
    "Simplest",
    "Sweep",
    "Tuned",
    "Verdict",
    "compare_splits",
    "examine",
    "find_folder",
    "find_simplest",
    "flag_no_ops",
    "foresee",
    "hide_folders",
    "judge",
    "judge_sweep",
    "list_interactions",
    "list_leaks",
    "list_points",
    "make_portable",
    "read_plan",
    "read_result",
    "read_sweep",
    "read_trials",
    "role_in",
    "summarise_arms",
    "take_question",
    "tune",
]

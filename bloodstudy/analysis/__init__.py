"""From published trials to tidy frames, effects and verdicts. Runs without TensorFlow and without MLflow."""

from bloodstudy.analysis.comparisons.comparison import Comparison, Needed
from bloodstudy.analysis.comparisons.interaction import Interaction, list_interactions
from bloodstudy.analysis.comparisons.lr_sensitivity import Tuned, tune
from bloodstudy.analysis.comparisons.pairs import Look, Pair, role_in
from bloodstudy.analysis.comparisons.sensitivity import Foresight, foresee
from bloodstudy.analysis.comparisons.smallest_model import Simplest, find_simplest
from bloodstudy.analysis.comparisons.splits import SPLIT_KEYS, compare_splits, list_points, take_question
from bloodstudy.analysis.comparisons.study import Judged, judge_sweep
from bloodstudy.analysis.comparisons.verdict import Verdict
from bloodstudy.analysis.results.confusion import Examined, examine
from bloodstudy.analysis.results.predictions import Predictions, Reader, Shown
from bloodstudy.analysis.results.sweep import Arm, Sweep, read_sweep, summarise_arms
from bloodstudy.analysis.results.trials import Leak, flag_no_ops, judge, list_leaks, read_trials
from bloodstudy.analysis.statistics.paired import Effect
from bloodstudy.study.redact import find_folder, hide_folders, make_portable
from bloodstudy.study.run_folder import read_plan, read_result

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

"""From published trials to tidy frames. Runs without TensorFlow and without MLflow."""

from bloodstudy.analysis.examined import Examined, examine
from bloodstudy.analysis.portable import find_folder, hide_folders, make_portable
from bloodstudy.analysis.sweep import Arm, Sweep, read_sweep, summarise_arms
from bloodstudy.analysis.trials import Leak, flag_no_ops, judge, list_leaks, read_plan, read_result, read_trials
from bloodstudy.analysis.unpaired import SPLIT_KEYS, compare_splits, list_points

__all__ = [
    "SPLIT_KEYS",
    "Arm",
    "Examined",
    "Leak",
    "Sweep",
    "compare_splits",
    "examine",
    "find_folder",
    "flag_no_ops",
    "hide_folders",
    "judge",
    "list_leaks",
    "list_points",
    "make_portable",
    "read_plan",
    "read_result",
    "read_sweep",
    "read_trials",
    "summarise_arms",
]

"""From published trials to tidy frames. Runs without TensorFlow and without MLflow."""

from bloodstudy.analysis.examined import Examined, examine
from bloodstudy.analysis.sweep import Arm, Sweep, read_sweep, summarise_arms
from bloodstudy.analysis.trials import Leak, flag_no_ops, judge, list_leaks, read_plan, read_result, read_trials

__all__ = [
    "Arm",
    "Examined",
    "Leak",
    "Sweep",
    "examine",
    "flag_no_ops",
    "judge",
    "list_leaks",
    "read_plan",
    "read_result",
    "read_sweep",
    "read_trials",
    "summarise_arms",
]

"""From published trials to tidy frames, effects and verdicts. Runs without TensorFlow and without MLflow."""

from bloodstudy.analysis.comparisons.comparison import Comparison
from bloodstudy.analysis.comparisons.course import Course, Step
from bloodstudy.analysis.comparisons.extent import count_trainings, list_needed
from bloodstudy.analysis.comparisons.interaction import Interaction, list_interactions
from bloodstudy.analysis.comparisons.kept import TakenBack, list_said, list_taken_back
from bloodstudy.analysis.comparisons.lr_sensitivity import Tuned, tune
from bloodstudy.analysis.comparisons.pairs import Pair, flag_no_ops, list_pairs, name_pair
from bloodstudy.analysis.comparisons.sensitivity import Foresight, foresee, foresee_study
from bloodstudy.analysis.comparisons.smallest_model import Simplest, find_simplest
from bloodstudy.analysis.comparisons.splits import SPLIT_KEYS, compare_splits, list_points, take_question
from bloodstudy.analysis.comparisons.study import StudyAnalysis, analyse_study, follow_study
from bloodstudy.analysis.comparisons.verdict import Verdict
from bloodstudy.analysis.results.arm_summary import ArmSummary, summarise_arms
from bloodstudy.analysis.results.confusion import Confusion, examine
from bloodstudy.analysis.results.predictions import EvaluationImages, Predictions, Reader
from bloodstudy.analysis.results.scores import Score, score_trials
from bloodstudy.analysis.results.sweep import StudyResults, load_study
from bloodstudy.analysis.results.trials import Leak, judge, list_leaks, read_trials
from bloodstudy.analysis.statistics.paired import Effect
from bloodstudy.study.redact import find_folder, hide_folders, make_portable
from bloodstudy.study.run_folder import read_plan, read_result

__all__ = [
    "SPLIT_KEYS",
    "ArmSummary",
    "Comparison",
    "Confusion",
    "Course",
    "Effect",
    "EvaluationImages",
    "Foresight",
    "Interaction",
    "Leak",
    "Pair",
    "Predictions",
    "Reader",
    "Score",
    "Simplest",
    "Step",
    "StudyAnalysis",
    "StudyResults",
    "TakenBack",
    "Tuned",
    "Verdict",
    "analyse_study",
    "compare_splits",
    "count_trainings",
    "examine",
    "find_folder",
    "find_simplest",
    "flag_no_ops",
    "follow_study",
    "foresee",
    "foresee_study",
    "hide_folders",
    "judge",
    "list_interactions",
    "list_leaks",
    "list_needed",
    "list_pairs",
    "list_points",
    "list_said",
    "list_taken_back",
    "load_study",
    "make_portable",
    "name_pair",
    "read_plan",
    "read_result",
    "read_trials",
    "score_trials",
    "summarise_arms",
    "take_question",
    "tune",
]

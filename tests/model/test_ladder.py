"""The ladder of simpler models that the question of simplification climbs, in the study of five questions."""

from bloodstudy import model
from bloodstudy.cli import compose
from bloodstudy.study.arms import spell
from bloodstudy.study.question import read_question, read_study


def count(levels):
    levels = {"precision": "float32"} | read_study("five_questions").reference | levels
    (job,) = compose.check([f"{key}={spell(value)}" for key, value in levels.items()], False).jobs
    return model.build("reference", job.settings.factors, (60, 80, 3), 4).count_params()


def test_the_simplification_question_climbs_in_parameters_as_its_file_says():
    arms = read_question("simplification").arms
    parameters = {name: count(levels) for name, levels in arms.items()}
    assert parameters == {
        "quarter width": 698, "half width": 2408, "three blocks, averaged": 4676, "double width": 34004,
    }  # fmt: skip
    assert count({}) == 8876

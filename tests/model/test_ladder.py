"""The ladder of simpler models that the question of simplification climbs."""

from bloodstudy import compose, design, model
from bloodstudy.question import read_question


def count(levels):
    typed = [f"{key}={design.spell(value)}" for key, value in levels.items()]
    (job,) = compose.check(["image_size=[60,80]", "colour=rgb", "precision=float32", *typed], False).jobs
    return model.build("reference", job.settings.factors, (60, 80, 3), 4).count_params()


def test_the_simplification_question_climbs_in_parameters_as_its_file_says():
    arms = read_question("simplification").arms
    parameters = {name: count(levels) for name, levels in arms.items()}
    assert parameters == {
        "quarter width": 650, "half width": 2312, "three blocks, averaged": 4516, "double width": 33620,
    }  # fmt: skip
    assert count({}) == 8684

from bloodstudy.config.schema import Factors
from bloodstudy.study.arms import changed_levels, expand, name_arm, spell
from bloodstudy.study.question import Question


def test_arms_are_named_by_what_was_typed_without_the_seed():
    assert name_arm({"lr": 0.0001, "seed": 3, "image_size": [60, 80]}) == "lr=0.0001, image_size=[60,80]"
    assert name_arm({"seed": 3}) == "reference"
    assert spell(1e-05) == "1e-05"


def test_a_single_trial_is_named_by_the_factors_that_differ():
    chosen = {"lr": 0.1, "epochs": Factors().epochs, "data": "kaggle", "seed": 1, "model": "compact"}
    assert name_arm(changed_levels(chosen)) == "lr=0.1, model=compact"


def test_an_arm_has_a_role_in_each_of_its_questions():
    pools = Question("pools", "Pooling?", factor="pooling", levels=("average", "strided"), lr_grid=(0.01,))
    drops = Question("drops", "Dropout?", factor="dropout", levels=(0.5,), reference={"pooling": "average"})
    rates = Question("rates", "Rates?", factor="lr", levels=(0.01,))
    arms = {arm.name: arm for arm in expand([pools, drops, rates])}
    average, rate = arms["pooling=average"], arms["lr=0.01"]
    assert average.role == "reference"
    assert [average.role_in(name) for name in ("pools", "drops")] == ["confirmatory", "reference"]
    assert [rate.role_in(name) for name in ("pools", "rates")] == ["exploratory", "confirmatory"]
    assert arms["pooling=strided"].roles == arms["reference"].roles == {}

import pytest

from bloodstudy.errors import MachineError, UserError, nearest


def test_the_problems_of_a_user_are_told_together_and_each_kind_has_its_exit_code():
    error = UserError("lr: expected a number.", "epochs: expected a whole number.")
    assert str(error).splitlines() == list(error.problems)
    assert (UserError.exit_code, MachineError.exit_code) == (2, 3)


@pytest.mark.parametrize(
    ("word", "told"), [("poling", " Did you mean 'pooling'?"), ("dropuot", " Did you mean 'dropout'?"), ("xyz", "")]
)
def test_the_nearest_name_is_offered_and_none_if_none_is_near(word, told):
    assert nearest(word, ["pooling", "dropout", "lr"]) == told

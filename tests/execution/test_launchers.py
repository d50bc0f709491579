"""What jobs elsewhere are given, and what a person reads when a launcher loses them."""

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from bloodstudy.errors import MachineError, UserError
from bloodstudy.execution import launchers


def test_ray_alone_is_given_the_environment_and_reads_it_back(monkeypatch):
    address = r"sqlite:////it's here\x=1,2/%20.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    monkeypatch.delenv("BLOODSTUDY_DATA", raising=False)
    (given,) = launchers.carry(["lr=1,2", "hydra/launcher=ray_cluster"])
    override = OverridesParser.create().parse_override(given)
    assert (override.key_or_group, override.is_add()) == ("hydra.job.env_set.MLFLOW_TRACKING_URI", True)
    assert override.value() == address
    assert launchers.carry(["lr=1,2", "hydra/launcher=joblib"]) == []


def test_a_launcher_that_gives_up_is_a_fault_of_the_machine_in_one_line():
    told = r"^[^\n]*gave up: no such cluster\. The same command goes on[^\n]*$"
    with pytest.raises(MachineError, match=told), launchers.explained():
        raise RuntimeError("no such cluster.\n")


def test_errors_of_ours_stay_what_they_are():
    with pytest.raises(UserError, match="typed"), launchers.explained():
        raise UserError("typed")


def test_a_defect_inside_a_job_keeps_its_traceback():
    def return_value():  # Hydra's name for handing it on
        raise KeyError("a defect")

    with pytest.raises(KeyError, match="a defect"), launchers.explained():
        return_value()

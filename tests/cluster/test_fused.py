"""Trials that one program trains side by side, through the real command: as if alone, and the same after a kill."""

import numpy as np
import pandas as pd
import pytest
import sweeping
from harness import kill, results, statuses

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
FOUR = ["-m", "lr=1e-2,1e-3", "seed=0,1", "norm=batch", "data.validation_share=0.2", *sweeping.TINY]
THREE = ["engine=fused", "together=3"]


def predicted(folder):
    """Return the stored probabilities of each trial by rate and seed."""
    found = {}
    for result in results(folder):
        table = pd.read_parquet(folder / "runs" / "scratch" / result["key"] / "predictions.parquet")
        found[result["factors"]["lr"], result["factors"]["seed"]] = table.filter(like="p_").to_numpy("float64")
    return found


def test_trials_side_by_side_end_as_if_alone_and_in_the_same_bits_after_a_kill(tmp_path):
    alone, together, killed = (tmp_path / name for name in ("alone", "together", "killed"))
    for folder in (alone, together, killed):
        folder.mkdir()
    sweeping.run(alone, *FOUR, "engine=jax", "epochs=30")
    sweeping.run(together, *FOUR, *THREE, "epochs=30")
    ours, theirs = predicted(together), predicted(alone)
    assert len(ours) == 4
    for trial, probabilities in ours.items():
        assert np.abs(probabilities - theirs[trial]).max() < 0.01
    assert sorted(result["cost"]["together"] for result in results(together)) == [1, 3, 3, 3]
    assert statuses(together) == ["FINISHED"] * 4
    columns = [pd.read_csv(path).columns.tolist() for path in together.glob("runs/scratch/*/history.csv")]
    assert all("validation_loss" in names for names in columns)

    process = sweeping.start(killed, *FOUR, *THREE, "epochs=30")
    try:
        sweeping.wait_until_training(process, killed, 3)
    finally:
        kill(process)
    sweeping.run(killed, *FOUR, *THREE, "epochs=30")
    hashes = ({result["key"]: result["prediction_hash"] for result in results(each)} for each in (killed, together))
    assert next(hashes) == next(hashes)
    assert statuses(killed) == ["FINISHED"] * 4

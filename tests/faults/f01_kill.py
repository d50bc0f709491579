"""F01: kill -9 in the middle of training; the same command goes on and ends in the numbers of an uninterrupted twin."""

import os
import random
import signal
import time

import pandas as pd
import pytest
from harness import kill


@pytest.mark.parametrize("whom", ["the whole group", "the parent alone"])
def test_a_killed_trial_goes_on_and_ends_in_the_same_numbers(study, twin, whom):
    seed = int(os.environ.get("FAULT_SEED") or random.SystemRandom().randrange(2**31))
    print(f"FAULT_SEED={seed}")
    rng = random.Random(seed)
    process = study.start()
    study.wait_for_epoch(process, rng.randint(2, 6))
    time.sleep(rng.uniform(0, 0.1))
    worker = study.worker(process)
    if whom == "the whole group":
        kill(process)
    else:
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait(timeout=10) == -signal.SIGKILL
    assert process.returncode == -signal.SIGKILL
    assert study.is_gone(worker), "left alone it notices with its next event"
    saved = study.newest_rows
    assert 2 <= len(saved) < 10
    assert not (study.trial / "result.json").exists()

    said = study.finish()
    assert f"going on after epoch {len(saved)} of 10" in said
    study.assert_numbers_of(twin)
    seconds = pd.read_csv(study.trial / "history.csv")["epoch_seconds"].tolist()
    assert seconds[: len(saved)] == [row["epoch_seconds"] for row in saved], "these epochs were not trained again"
    cost = study.result["cost"]
    assert (cost["attempts"], cost["resumed_after"]) == (2, len(saved))
    assert (twin.result["cost"]["attempts"], twin.result["cost"]["resumed_after"]) == (1, 0)
    assert study.runs == ["FINISHED"]
    assert study.generations == []

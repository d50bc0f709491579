"""F03: kill -9 in the middle of a sweep, again and again; the same command goes on, nothing twice."""

import os
import random
import signal
import subprocess
import time

import pytest
from harness import kill

SWEEP = ["-m", "lr=2e-3,1e-3", "seed=0,1"]


@pytest.fixture
def sweep(study):
    study.typed = [word for word in study.typed if word.split("=")[0] not in ("lr", "epochs")] + ["epochs=4"]
    return study


def finished(study):
    return {path.parent.name: path.stat().st_mtime_ns for path in study.folder.glob("runs/scratch/*/result.json")}


def test_a_sweep_that_is_killed_at_random_ends_as_if_nothing_had_happened(sweep, tmp_path_factory):
    seed = int(os.environ.get("FAULT_SEED") or random.SystemRandom().randrange(2**31))
    print(f"FAULT_SEED={seed}")
    rng = random.Random(seed)
    whole = type(sweep)(tmp_path_factory.mktemp("whole"), sweep.cache, list(sweep.typed))
    begun = time.monotonic()
    code, said = whole.run(*SWEEP)
    lasted = time.monotonic() - begun
    assert code == 0, said

    kills, before = 0, {}
    for _ in range(3):
        process = sweep.start(*SWEEP)
        try:
            process.wait(timeout=rng.uniform(0.4, 0.8) * lasted)
        except subprocess.TimeoutExpired:
            kill(process)
            assert process.returncode == -signal.SIGKILL
            kills += 1
        now = finished(sweep)
        assert before.items() <= now.items(), "what was finished is left as it was"
        before = now
    assert kills >= 1

    code, said = sweep.run(*SWEEP)
    assert code == 0, said
    assert before.items() <= finished(sweep).items()
    assert len(sweep.trials) == 4
    assert sweep.runs == ["FINISHED"] * 4
    assert sweep.report() == whole.report()
    code, said = sweep.run(*SWEEP)
    assert "4 trials: 4 finished earlier, 0 to train" in said
    assert sweep.runs == ["FINISHED"] * 4

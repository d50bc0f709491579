"""F03: kill -9 in the middle of a sweep, again and again; the same command goes on, nothing twice."""

import os
import random
import signal
import subprocess
import time

from harness import kill


def finished(study):
    return {path.parent.name: path.stat().st_mtime_ns for path in study.folder.glob("runs/scratch/*/result.json")}


def test_a_sweep_that_is_killed_at_random_ends_as_if_nothing_had_happened(study, tmp_path_factory):
    study.vary(lr="2e-3,1e-3", seed="0,1", epochs="4")
    seed = int(os.environ.get("FAULT_SEED") or random.SystemRandom().randrange(2**31))
    print(f"FAULT_SEED={seed}")
    rng = random.Random(seed)
    whole = type(study)(tmp_path_factory.mktemp("whole"), study.cache, list(study.typed))
    begun = time.monotonic()
    code, said = whole.run("-m")
    lasted = time.monotonic() - begun
    assert code == 0, said

    kills, before = 0, {}
    for _ in range(3):
        process = study.start("-m")
        try:
            process.wait(timeout=rng.uniform(0.4, 0.8) * lasted)
        except subprocess.TimeoutExpired:
            kill(process)
            assert process.returncode in (-signal.SIGKILL, 0), "0: it ended by itself just before"
            kills += process.returncode != 0
        now = finished(study)
        assert before.items() <= now.items(), "what was finished is left as it was"
        before = now
    assert kills >= 1

    said = study.finish("-m")
    assert before.items() <= finished(study).items()
    assert len(study.trials) == 4
    assert study.runs == ["FINISHED"] * 4
    assert study.report() == whole.report()
    code, said = study.run("-m")
    assert "4 trials: 4 finished earlier, 0 to train" in said
    assert study.runs == ["FINISHED"] * 4

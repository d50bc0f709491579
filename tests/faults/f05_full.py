"""F05: no room for a state, the rows of the epochs, the store or a figure: the path is named and nothing is lost.

The store mirrors the run folder: for it alone training goes on, as if it were away, and it gets the trial later.

A limit on the size of files stands for the disk where every large file is to be refused; where one file alone is, the
fault is injected at that write.
"""

import resource
from functools import partial

from harness import kill, start


def run_limited(study, name, size, *words):
    """Run a command whose files may have `size` bytes; return its exit code and what it said."""
    limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    process = start(study.folder, name, *words, prepare=limit)
    try:
        return process.wait(timeout=200), study.said
    finally:
        kill(process)


def contents(paths):
    return {path: path.read_bytes() for path in paths}


def assert_stopped(code, said, path):
    assert code == 3, said
    (line,) = [line for line in said.splitlines() if line.startswith("bloodstudy:")]
    assert f"cannot write {path}: " in line
    assert "run the same command again" in line or "raise the limit" in line
    assert "Traceback" not in said


def test_each_stops_with_the_path_and_the_same_command_completes(study, twin):
    words = [*study.typed, f"cache_dir={study.cache}"]
    code, said = study.run(BLOODSTUDY_FAULT="full:after-write:state-:3")
    assert_stopped(code, said, study.trial / "state-1.npz")
    assert len(study.newest_rows) == 2
    before = contents(study.generations)
    assert len(before) == 2

    room = min(map(len, before.values())) - 1
    code, said = run_limited(study, "run", room, *words)
    assert_stopped(code, said, study.trial / "state-1.npz")
    assert "going on after epoch 2 of 10" in said
    assert contents(study.generations) == before

    code, said = study.run(BLOODSTUDY_FAULT="full:after-write:history:1")
    assert_stopped(code, said, study.trial / "history.csv")
    assert len(study.newest_rows) == 10
    assert not (study.trial / "result.json").exists()

    store = (study.folder / "mlflow.db").stat().st_size
    room = 2 * max(map(len, contents(study.generations).values()))
    assert room < store
    code, said = run_limited(study, "run", room, *words)
    assert code == 0, said
    assert "going on after epoch 10 of 10" in said
    assert said.count("warning: ") == 1
    assert f"1 trial not in MLflow yet (the tracking store {study.folder}/mlflow.db cannot be written" in said
    said = study.finish()
    assert "logged 1 earlier trial" in said
    assert study.runs == ["FINISHED"]
    study.assert_numbers_of(twin)

    study.report()
    report = contents(path for path in (study.folder / "reports").rglob("*") if path.is_file())
    code, said = run_limited(study, "report", 20_000)
    assert_stopped(code, said, f"{study.folder}/reports/.scratch.new/figures/classes.png")
    assert contents(path for path in (study.folder / "reports").rglob("*") if path.is_file()) == report
    study.report()

"""Stored files that are empty, cut off, altered or something else: each command works all the same, or says which.

A study made up for what reads; one that is trained, a moment long, for what trains. Nothing here is random but by seed.
"""

import random
import shutil

import pytest
from harness import TINY, call, finish, give_store
from studies import fabricate_study

from bloodstudy.study.question import Question
from bloodstudy.study.said import Said, keep

POOLS = Question("pools", "Which pooling?", "pooling", ("average",))
JSON = (b"[" * 50_000, b"{}", b"[]", b"null", b"7", b'"x"', b'{"a": NaN}')
KINDS = {
    "plan.yaml": (b"[" * 50_000, b"{a: " * 50_000, b"trials: 3\n", b"- 1\n", b"a: &a [*a]\n"),
    "history.csv": (b"epoch\n1\n", b"epoch,fit_loss,fit_accuracy\n1,x,y\n", b"a,b\n" * 9),
    "predictions.parquet": (b"PAR1" * 9, b"split,image\n"),
    "config.yaml": (b"[" * 50_000, b"epochs: x\n", b"7"),
    "claims.json": JSON, "report.md": (), "report.html": (),
    **dict.fromkeys(("result.json", "attempts.json", "run.json", "logged.json", "mlflow.json"), JSON),
    **dict.fromkeys(("probes.json", "looks.json"), JSON),
}  # fmt: skip


def damages(name, content, seed, flips):
    """Yield what the file `name` may have become."""
    yield b""
    yield from (content[: int(len(content) * share)] for share in (0.01, 0.4, 0.99))
    yield from KINDS[name]
    yield b"\xff\xfe\x00"
    rng = random.Random(f"{name} {seed}")
    for _ in range(flips):
        changed = bytearray(content)
        for place in rng.choices(range(len(content)), k=rng.choice((1, 1, 3, 20))):
            changed[place] = rng.randrange(256)
        yield bytes(changed)


def check(ended, path, damage):
    """Look that a command has worked or has named the file at fault, and no more than that."""
    what = f"{ended.args[0]} with {path.name} = {damage[:60]!r}: {ended.stdout[-300:]}{ended.stderr[-1500:]}"
    assert ended.returncode in ((0, 1, 2) if ended.args[0] == "verify" else (0, 2)), what
    assert "Traceback" not in ended.stderr, what
    if ended.returncode == 2:
        (told,) = ended.stderr.splitlines()
        assert f"/{path.name}" in told, what
        assert any(word in told for word in ("Train ", "Put ", "train ", "write ")), what  # the remedy


@pytest.fixture(scope="module")
def made_up(tmp_path_factory):
    """Return a folder with a study and its report."""
    folder = tmp_path_factory.mktemp("made_up")
    fabricate_study(folder / "runs", (POOLS,), 2, photographs=1, copies=1, study="small")
    for number, result in enumerate(sorted(folder.glob("runs/small/*/result.json"))):
        result.with_name("config.yaml").write_text("epochs: 30\n")
        result.with_name("attempts.json").write_text("1\n")
        if number:
            continue
        shutil.copytree(result.parent, folder / "spare")
    keep(folder / "runs/small", [Said(1, "pooling=average", "reference", "open")])
    finish(folder, "report")
    return folder


def stored(folder, name):
    """Return the file of that name, of the first trial if it is a trial's."""
    return min(folder.rglob(name), key=lambda path: ("spare" in path.parts, path))


def damaged(folder, name, seed, flips):
    """Yield the path of a stored file and each damage to it, while it is damaged; put it back in the end."""
    path = stored(folder, name)
    whole = path.read_bytes()
    try:
        for damage in damages(name, whole, seed, flips=flips):
            path.write_bytes(damage)
            yield path, damage
    finally:
        path.write_bytes(whole)


@pytest.mark.parametrize(
    "name", ["plan.yaml", "result.json", "history.csv", "predictions.parquet", "config.yaml", "looks.json"]
)
def test_a_damaged_file_is_named_by_whatever_reads_it(made_up, name):
    for path, damage in damaged(made_up, name, 0, flips=15):
        for command in ("status", "package"):
            check(call(made_up, command), path, damage)


@pytest.mark.parametrize("name", ["plan.yaml", "result.json", "history.csv", "predictions.parquet", "looks.json"])
def test_no_report_is_made_of_a_damaged_file(made_up, name, monkeypatch):
    monkeypatch.setattr("bloodstudy.reporting.report.draw_figures", lambda figures, folder: list(figures))
    for path, damage in damaged(made_up, name, 1, flips=6):
        check(call(made_up, "report", "reports_dir=others"), path, damage)
        check(call(made_up, "verify", "reports/small"), path, damage)


@pytest.mark.parametrize("name", ["claims.json", "report.md", "report.html"])
def test_a_damaged_report_is_another_report(made_up, name, monkeypatch):
    monkeypatch.setattr("bloodstudy.reporting.report.draw_figures", lambda figures, folder: list(figures))
    for path, damage in damaged(made_up, name, 2, flips=3):
        ended = call(made_up, "verify", "reports/small")
        check(ended, path, damage)
        assert ended.returncode in (1, 2), damage[:80]


@pytest.mark.slow
@pytest.mark.parametrize("name", [
    "plan.yaml", "result.json", "history.csv", "predictions.parquet", "config.yaml", "attempts.json", "run.json",
    "logged.json", "mlflow.json", "probes.json",
])  # fmt: skip
def test_the_same_command_goes_on_or_names_the_file(trained, name):
    path = stored(trained, name)
    whole = path.read_bytes()
    try:
        for damage in list(damages(name, whole, 3, flips=2))[::3]:
            path.write_bytes(damage)
            check(call(trained, "run", *STUDY), path, damage)
            path.write_bytes(whole)
    finally:
        path.write_bytes(whole)


STUDY = ("-m", "study=smoke", "design=fixed", "seeds=1", "epochs=1", *TINY)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Return a folder with a study of one seed, trained and logged."""
    folder = tmp_path_factory.mktemp("trained")
    give_store(folder)
    finish(folder, "run", *STUDY)
    return folder

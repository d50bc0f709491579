"""Archives that anyone may have made: what is wrong is named, and nothing is written."""

import hashlib
import json
import stat
import struct
import zipfile
from contextlib import suppress

import numpy as np
import pyarrow as pa
import pytest
import yaml

from bloodstudy.errors import UserError
from bloodstudy.study.archive import codec, reader, schema
from bloodstudy.study.archive.restore import restore
from bloodstudy.study.trial import make_key

FACTORS = {"lr": 0.001, "precision": "float32", "seed": 0}
DATA = {"name": "smear", "task": "subtype", "view": "field", "split": "official", "fingerprint": "f" * 16}
DATA |= {"counts": {}, "classes": [], "notes": [], "refused": 0}
QUESTION = {"name": "q", "sentence": "Is it?", "factor": "lr", "reference": "reference", "arms": [], "margin": 0.02}
KEY = make_key(FACTORS, "compact", DATA)
TRIAL = f"trials/{KEY}"


def result(**changes):
    content = {"key": KEY, "study": "scratch", "arm": "reference", "model": "compact", "factors": FACTORS}
    content |= {"data": DATA, "reason": None, "git_commit": None, "processor": "a"}
    content |= {"outcome": "finished", "cost": {"wall_seconds": 1.5, "attempts": 1}, "params": {}, "tags": {}}
    return json.dumps(content | {"versions": {}} | changes).encode()


def plan(**changes):
    trial = {"key": KEY, "arm": "reference", "seed": 0, "levels": {}, "data": {}, "judged": "official"}
    content = {"study": "scratch", "command": "run", "swept": {}, "trials": [trial]}
    return yaml.safe_dump(content | changes).encode()


def members():
    """Return the members of a small package that is as it should be."""
    values = (np.array([[900, 100], [0, 1000]]) / 1000).astype("float32")
    table = pa.table({"image": ["a", "b"], "p_A": values[:, 0], "p_B": values[:, 1]})
    packed = codec.pack(table)
    return {
        "plan.yaml": plan(),
        "requirements.lock": b"numpy==2.0\n",
        **{f"columns/{digest}.json": column for digest, column in packed.columns.items()},
        f"{TRIAL}/result.json": result(),
        f"{TRIAL}/config.yaml": b"lr: 0.001\nimage_size: [24, 32]\n",
        f"{TRIAL}/history.csv": b"epoch,fit_loss\n1,0.5\n2,\n",
        f"{TRIAL}/attempts.json": b"1\n",
        f"{TRIAL}/predictions.bin": packed.table,
    }


def manifest(listed, **changes):
    said = {name: {"bytes": len(c), "sha256": hashlib.sha256(c).hexdigest()} for name, c in listed.items()}
    return json.dumps({"format": schema.FORMAT, "study": "scratch", "members": said} | changes).encode()


def build(path, listed, *, about=None, extra=(), how=zipfile.ZIP_DEFLATED):
    """Write an archive of `listed` members with a manifest that is true of them; `extra` are (ZipInfo, content)."""
    with zipfile.ZipFile(path, "w", how) as made:
        for name, content in listed.items():
            made.writestr(name, content)
        if about != b"":
            made.writestr("manifest.json", about or manifest(listed))
        for info, content in extra:
            made.writestr(info, content)
    return path


def refused(folder, path):
    """Return the sentence that refuses the package, after looking that nothing was written."""
    before = sorted(folder.rglob("*"))
    with pytest.raises(UserError) as caught:
        restore(path, folder / "runs")
    assert sorted(folder.rglob("*")) == before
    (problem,) = caught.value.problems
    assert str(path) in problem
    return problem


def test_a_package_as_it_should_be_is_restored(tmp_path):
    restored = restore(build(tmp_path / "p.zip", members()), tmp_path / "runs")
    assert (restored.added, restored.kept, restored.planned, restored.with_result) == ((KEY,), (), 1, 1)
    assert sorted(file.name for file in (tmp_path / "runs/scratch" / KEY).iterdir()) == [
        ".lock", "attempts.json", "config.yaml", "history.csv", "predictions.parquet", "result.json",
    ]  # fmt: skip


@pytest.mark.parametrize("name", [
    "../evil", "/evil", f"trials/../{KEY}/result.json", f"trials/{KEY}/../../evil", "C:/evil", r"..\evil",
    "run.json", f"{TRIAL}/logged.json", f"{TRIAL}/state-0.npz", f"{TRIAL}/result.json\n", "trials/", "columns/x.json",
    "plan.yml", f"trials/{KEY.upper()}/result.json", f"{TRIAL}/result.json/x", "./plan.yaml",
    f"trials//{KEY}/result.json",
])  # fmt: skip
def test_names_that_no_package_has_are_refused(tmp_path, name):
    problem = refused(tmp_path, build(tmp_path / "p.zip", members() | {name: b"x"}))
    assert f"it holds {name!r}, which is no name of a package" in problem


def test_a_name_that_ends_early_is_judged_whole(tmp_path):
    path = build(tmp_path / "p.zip", members() | {"plan.yamlX../evil": b"x"})
    path.write_bytes(path.read_bytes().replace(b"plan.yamlX../evil", b"plan.yaml\0../evil"))
    assert "which is no name of a package" in refused(tmp_path, path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_doubled_names_are_refused(tmp_path):
    path = build(tmp_path / "p.zip", members(), extra=[(zipfile.ZipInfo(f"{TRIAL}/result.json"), result())])
    assert f"it holds {TRIAL}/result.json twice" in refused(tmp_path, path)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFDIR, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK])
def test_links_folders_and_devices_are_refused(tmp_path, kind):
    listed = members()
    target = listed.pop("requirements.lock")
    info = zipfile.ZipInfo("requirements.lock")
    info.external_attr = (kind | 0o777) << 16
    about = manifest(listed | {"requirements.lock": target})
    path = build(tmp_path / "p.zip", listed, about=about, extra=[(info, target)])
    assert "requirements.lock is a link or a folder" in refused(tmp_path, path)


def test_a_bomb_is_refused_by_what_it_says_of_itself(tmp_path, monkeypatch):
    bomb = members() | {f"{TRIAL}/history.csv": bytes(reader.MAX_BYTES_EACH + 1)}
    path, other = build(tmp_path / "p.zip", bomb), build(tmp_path / "q.zip", members())
    assert path.stat().st_size < 100_000
    opened = []
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *given: opened.append(given))
    assert f"{TRIAL}/history.csv says that it has 64,000,001 bytes" in refused(tmp_path, path)
    monkeypatch.setattr(reader, "MAX_BYTES", 1000)
    assert "its members say that they have" in refused(tmp_path, other)
    assert opened == []


def test_a_bomb_that_lies_about_itself_is_read_no_further_than_it_says(tmp_path):
    path = build(tmp_path / "p.zip", members() | {f"{TRIAL}/history.csv": bytes(50_000_000)})
    content = path.read_bytes()
    assert content.count(struct.pack("<I", 50_000_000)) >= 2
    path.write_bytes(content.replace(struct.pack("<I", 50_000_000), struct.pack("<I", 1000)))
    assert f"{TRIAL}/history.csv is damaged" in refused(tmp_path, path)


@pytest.mark.parametrize("how", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_ways_of_compressing_are_refused(tmp_path, how):
    assert "compressed in another way" in refused(tmp_path, build(tmp_path / "p.zip", members(), how=how))


def test_an_encrypted_member_is_refused(tmp_path):
    path = build(tmp_path / "p.zip", members())
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    assert "is encrypted" in refused(tmp_path, path)


@pytest.mark.parametrize("damage", ["cut", "flipped", "text", "empty"])
def test_damage_is_told(tmp_path, damage):
    path = build(tmp_path / "p.zip", members(), how=zipfile.ZIP_STORED)
    content = path.read_bytes()
    flipped = bytearray(content)
    flipped[content.index(b'"outcome"') + 3] ^= 1
    path.write_bytes({"cut": content[:-100], "flipped": flipped, "text": b"hello", "empty": b""}[damage])
    assert {"flipped": f"{TRIAL}/result.json is damaged"}.get(damage, "it is no archive") in refused(tmp_path, path)


def test_what_is_no_file_is_told(tmp_path):
    assert "there is no such file" in refused(tmp_path, tmp_path / "nowhere.zip")
    assert "there is no such file" in refused(tmp_path, tmp_path)


def test_content_that_the_manifest_does_not_vouch_for_is_refused(tmp_path):
    changed = members() | {f"{TRIAL}/result.json": result(outcome="failed")}
    problem = refused(tmp_path, build(tmp_path / "p.zip", changed, about=manifest(members())))
    assert f"{TRIAL}/result.json is not what the manifest says" in problem


@pytest.mark.parametrize(
    ("about", "told"),
    [
        (b"", "manifest.json cannot be used"),
        (b"[]", "manifest.json cannot be used"),
        (b"{", "manifest.json cannot be used"),
        (b"[" * 100_000, "manifest.json cannot be used"),
        (manifest(members(), format=99), "expected format 1; received 99"),
        (manifest(members(), study="../evil"), "study: expected the name of a study"),
        (manifest(members(), study=3), "study: expected a valid string; received 3"),
        (manifest(members(), members=[]), "members: expected an object; received []"),
        (manifest(members(), members={"plan.yaml": 3}), "members.plan.yaml: expected an object; received 3"),
        (manifest({"plan.yaml": b""}), "in its manifest, but not in both"),
        (manifest(members() | {"more": b""}), "'more' stands in the archive or in its manifest"),
        (manifest(members(), study="other"), "it is the plan of the study 'scratch'; expected 'other'"),
    ],
)
def test_a_manifest_that_is_none_is_refused(tmp_path, about, told):
    assert told in refused(tmp_path, build(tmp_path / "p.zip", members(), about=about))


BOMB = b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("plan.yaml", None, "plan.yaml is missing"),
        ("plan.yaml", b"!!python/object/apply:os.system [touch canary]", "could not determine a constructor"),
        ("plan.yaml", BOMB, "alias *a: write it out"),
        ("plan.yaml", b"[" * 20_000, "plan.yaml cannot be used"),
        ("plan.yaml", b"\xff", "plan.yaml cannot be used"),
        ("plan.yaml", plan(trials=[]), "it holds no trials"),
        ("plan.yaml", plan(trials=[{"key": "../x"}]), "trials.0.arm is missing"),
        ("plan.yaml", plan(swept={"lr": [1]}), "has no level of lr"),
        ("plan.yaml", plan(swept=3), "swept: expected an object; received 3"),
        ("plan.yaml", plan() + b"when: 2026-01-01\n", "not JSON serializable"),
        ("plan.yaml", plan().replace(KEY.encode(), b"fedcba9876543210"), f"{TRIAL} is not in its plan"),
        ("requirements.lock", None, "requirements.lock is missing"),
        (f"{TRIAL}/result.json", None, f"{TRIAL}/result.json is missing"),
        (f"{TRIAL}/result.json", result(key="fedcba9876543210"), "it is the result of trial 'fedcba9876543210'"),
        (f"{TRIAL}/result.json", result(study="other"), "of the study 'other'"),
        (f"{TRIAL}/result.json", result(outcome="splendid"), "outcome: expected 'finished', 'diverged'"),
        (f"{TRIAL}/result.json", result(cost={}), "cost.wall_seconds is missing"),
        (f"{TRIAL}/result.json", result(data=None), "data: expected an object; received None"),
        (f"{TRIAL}/result.json", result(factors=FACTORS | {"lr": 9.0}), "are those of the trial"),
        (f"{TRIAL}/result.json", result(factors={"lr": 0.001}), "it lacks precision, seed"),
        ("plan.yaml", plan(hash="0123456789abcdef"), "it was changed after it was made: its hash is"),
        ("plan.yaml", plan(questions=[QUESTION]), "it has questions, and lacks arms, precision or seeds"),
        (f"{TRIAL}/result.json", result(more=float("nan")), "NaN is no JSON"),
        (f"{TRIAL}/result.json", b"[" * 100_000, f"{TRIAL}/result.json cannot be used"),
        (f"{TRIAL}/config.yaml", b"!!python/name:os.system", "could not determine a constructor"),
        (f"{TRIAL}/config.yaml", b"- a\n", "expected key: value, one a line"),
        (f"{TRIAL}/config.yaml", BOMB, "alias *a: write it out"),
        (f"{TRIAL}/history.csv", b"", "not enough values"),
        (f"{TRIAL}/history.csv", b"epoch,=cmd()\n1,2\n", "expected columns such as epoch"),
        (f"{TRIAL}/history.csv", b"epoch,fit_loss\n1,=cmd()\n", "could not convert string to float"),
        (f"{TRIAL}/history.csv", b"epoch,fit_loss\n1\n", "expected 2 numbers a row; received 1"),
        (f"{TRIAL}/attempts.json", b"{", f"{TRIAL}/attempts.json cannot be used"),
        (f"{TRIAL}/predictions.bin", b"{}\n", "text is missing"),
    ],
)
def test_a_member_that_says_what_it_must_not_is_refused(tmp_path, monkeypatch, name, content, told):
    monkeypatch.chdir(tmp_path)
    listed = members() | {name: content}
    path = build(tmp_path / "p.zip", {name: content for name, content in listed.items() if content is not None})
    assert told in refused(tmp_path, path)


def test_a_column_that_is_missing_is_told(tmp_path):
    listed = {name: content for name, content in members().items() if not name.startswith("columns/")}
    assert "its column 'image' is missing" in refused(tmp_path, build(tmp_path / "p.zip", listed))


def test_a_package_of_another_study_is_refused(tmp_path):
    path = build(tmp_path / "p.zip", members())
    with pytest.raises(UserError, match="is a package of the study scratch; expected one of five"):
        restore(path, tmp_path / "runs", "five")
    assert list(tmp_path.iterdir()) == [path]


def test_whatever_byte_is_changed_the_package_is_refused_or_the_same(tmp_path):
    path = build(tmp_path / "p.zip", members())
    content, rng = path.read_bytes(), np.random.default_rng(0)
    for place in rng.integers(0, len(content), 150):
        changed = bytearray(content)
        changed[place] ^= int(rng.integers(1, 256))
        path.write_bytes(changed)
        with suppress(UserError), reader.open_package(path) as package:
            package.check()
            assert {name: package.read(name) for name in package.manifest.members} == members()

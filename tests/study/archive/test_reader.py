"""Archives that anyone may have made: what is wrong is named, and nothing is written.

test_schema.py has what a single member must not say.
"""

import hashlib
import json
import stat
import struct
import time
import zipfile
from contextlib import suppress

import numpy as np
import pytest
import yaml

from bloodstudy.errors import UserError
from bloodstudy.study.archive import reader, schema
from bloodstudy.study.archive.restore import restore
from bloodstudy.study.seal import seal, unseal

OTHER = "fedcba9876543210"


@pytest.fixture
def members(package):
    """Return the members of a package that is as it should be, without its manifest."""
    with zipfile.ZipFile(package) as archive:
        listed = {name: archive.read(name) for name in archive.namelist() if name != "manifest.json"}
    return listed | {"requirements.lock": b"numpy==2.0\n"}


@pytest.fixture
def trial(members):
    """Return the folder of one trial in the package."""
    return next(name for name in members if name.endswith("/result.json")).removesuffix("/result.json")


def edit(content, changes):
    """Return JSON or YAML with other values under some keys, and without those that are `...`."""
    stored = yaml.safe_load(content)
    sealed = "digest" in stored
    changed = (unseal(stored) if sealed else stored) | changes
    kept = {key: value for key, value in changed.items() if value is not ...}
    return json.dumps(seal(kept) if sealed else kept).encode()


def manifest(listed):
    contents = {name: content for name, content in listed.items() if content is not None}
    said = {name: {"bytes": len(c), "sha256": hashlib.sha256(c).hexdigest()} for name, c in contents.items()}
    return json.dumps({"format": schema.FORMAT, "study": "small", "members": said}).encode()


def build(path, listed, *, about=None, extra=(), how=zipfile.ZIP_DEFLATED):
    """Write an archive of `listed` members, but those that are None, and a manifest that is true of them, or `about`.

    `extra` are (ZipInfo, content); with b"" as `about` there is no manifest.
    """
    about = manifest(listed) if about is None else about or None
    with zipfile.ZipFile(path, "w", how) as archive:
        for name, content in (*listed.items(), ("manifest.json", about), *extra):
            if content is not None:
                archive.writestr(name, content)
    return path


@pytest.fixture
def refused(tmp_path):
    """Return a function that returns the sentence that refuses a package, after looking that nothing was written."""

    def refused(path):
        before = sorted(tmp_path.rglob("*"))
        with pytest.raises(UserError) as caught:
            restore(path, tmp_path / "there")
        assert sorted(tmp_path.rglob("*")) == before
        (problem,) = caught.value.problems
        assert str(path) in problem
        return problem

    return refused


def test_a_package_as_it_should_be_is_restored(tmp_path, members, trial):
    assert len(restore(build(tmp_path / "p.zip", members), tmp_path / "there").added) == 2
    assert sorted(file.name for file in (tmp_path / "there/small" / trial.split("/")[1]).iterdir()) == [
        ".lock", "attempts.json", "config.yaml", "history.csv", "predictions.parquet", "result.json",
    ]  # fmt: skip


@pytest.mark.parametrize("name", [
    "../evil", "/evil", "trials/../{key}/result.json", "trials/{key}/../../evil", "C:/evil", r"..\evil",
    "run.json", "trials/{key}/logged.json", "trials/{key}/state-0.npz", "trials/{key}/result.json\n", "trials/",
    "columns/x.json", "plan.yml", "trials/{upper}/result.json", "trials/{key}/result.json/x", "./plan.yaml",
    "trials//{key}/result.json",
])  # fmt: skip
def test_names_that_no_package_has_are_refused(tmp_path, members, trial, refused, name):
    name = name.format(key=trial.split("/")[1], upper=trial.split("/")[1].upper())
    problem = refused(build(tmp_path / "p.zip", members | {name: b"x"}))
    assert f"it holds {name!r}, which is no name of a package" in problem


def test_a_name_that_ends_early_is_judged_whole(tmp_path, members, refused):
    path = build(tmp_path / "p.zip", members | {"plan.yamlX../evil": b"x"})
    path.write_bytes(path.read_bytes().replace(b"plan.yamlX../evil", b"plan.yaml\0../evil"))
    assert "which is no name of a package" in refused(path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_doubled_names_are_refused(tmp_path, members, trial, refused):
    doubled = zipfile.ZipInfo(f"{trial}/result.json"), members[f"{trial}/result.json"]
    assert f"it holds {trial}/result.json twice" in refused(build(tmp_path / "p.zip", members, extra=[doubled]))


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFDIR, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK])
def test_links_folders_and_devices_are_refused(tmp_path, members, refused, kind):
    info, about = zipfile.ZipInfo("requirements.lock"), manifest(members)
    info.external_attr = (kind | 0o777) << 16
    target = members.pop("requirements.lock")
    path = build(tmp_path / "p.zip", members, about=about, extra=[(info, target)])
    assert "requirements.lock is a link or a folder" in refused(path)


@pytest.mark.parametrize("name", [
    "plan.yaml", "requirements.lock", "{trial}/config.yaml", "{trial}/history.csv", "{trial}/attempts.json",
    "{trial}/predictions.bin", "{trial}/result.json", "columns/" + 64 * "0" + ".json",
])  # fmt: skip
def test_a_bomb_is_refused_by_what_it_says_of_itself(tmp_path, members, trial, refused, monkeypatch, name):
    name = name.format(trial=trial)
    path = build(tmp_path / "p.zip", members | {name: bytes(schema.max_bytes(name) + 1)})
    assert path.stat().st_size < 100_000
    monkeypatch.setattr(zipfile.ZipFile, "open", None)
    assert f"{name} says that it has {schema.max_bytes(name) + 1:,} bytes; expected at most" in refused(path)


def test_an_archive_out_of_which_too_much_would_come_is_refused(tmp_path, members, trial, refused, monkeypatch):
    path = build(tmp_path / "p.zip", members | {f"columns/{k:064x}.json": bytes(10_000_000) for k in range(30)})
    monkeypatch.setattr(zipfile.ZipFile, "open", None)
    assert "its columns say that they have 300," in refused(path)
    monkeypatch.setattr(reader, "MAX_COLUMN_BYTES", 10**12)
    size = reader.FREE_BYTES + reader.MAX_GROWTH * path.stat().st_size
    assert f"expected at most {size:,}" in refused(path)  # of a small file that comes to much
    monkeypatch.setattr(reader, "MAX_MEMBERS", 5)
    assert "files; expected at most 5" in refused(path)


@pytest.mark.parametrize(("name", "bomb", "told"), [
    ("plan.yaml", b"study: small\ntrials: [" + b"1," * 3_900_000 + b"]\n", "expected at most 500,000 values"),
    ("plan.yaml", b"study: small\ntrials: " + b"1:" * 3_900_000 + b"1\n", "command is missing"),
    ("plan.yaml", b"study: small\ntrials: " + b"9" * 7_900_000 + b"\n", "Exceeds the limit"),
    ("plan.yaml", b"- " * 3_900_000, "expected at most 30 levels"),
    ("plan.yaml", b"{a: " * 1_900_000, "expected at most 30 levels"),
    ("config.yaml", b"[" * 90_000, "expected at most 30 levels"),
    ("result.json", b"[" * 3_900_000, "/result.json cannot be used"),
    ("predictions.bin", b"[" * 31_000_000, "its JSON cannot be read"),
])  # fmt: skip
def test_a_bomb_within_the_limits_is_refused_while_its_parts_are_counted(tmp_path, members, refused, name, bomb, told):
    name = next(member for member in members if member.endswith(name))
    path = build(tmp_path / "p.zip", members | {name: bomb})
    begun = time.process_time()
    assert told in refused(path)
    assert time.process_time() - begun < 3


def test_columns_that_no_trial_names_are_refused_and_never_read(tmp_path, members, refused, monkeypatch):
    more = {f"columns/{k:064x}.json": b'["x"]' for k in range(50)}
    path, read = build(tmp_path / "p.zip", members | more), []
    opened = zipfile.ZipFile.open
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *given: read.append(given[1]) or opened(*given))
    assert f"columns/{0:064x}.json belongs to no trial" in refused(path)
    assert set(read) & set(more) == set()


def test_a_column_under_the_name_of_another_is_refused(tmp_path, members, refused):
    one = next(name for name in members if name.startswith("columns/"))
    told = f"{one} has another hash than its name says"
    assert told in refused(build(tmp_path / "p.zip", members | {one: members[one] + b" "}))


def test_a_bomb_that_lies_about_itself_is_read_no_further_than_it_says(tmp_path, members, trial, refused):
    path = build(tmp_path / "p.zip", members | {f"{trial}/history.csv": bytes(3_000_000)})
    content = path.read_bytes()
    assert content.count(struct.pack("<I", 3_000_000)) >= 2
    path.write_bytes(content.replace(struct.pack("<I", 3_000_000), struct.pack("<I", 1000)))
    assert f"{trial}/history.csv is damaged" in refused(path)


@pytest.mark.parametrize("how", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_ways_of_compressing_are_refused(tmp_path, members, refused, how):
    assert "compressed in another way" in refused(build(tmp_path / "p.zip", members, how=how))


def test_an_encrypted_member_is_refused(tmp_path, members, refused):
    path = build(tmp_path / "p.zip", members)
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    assert "is encrypted" in refused(path)


@pytest.mark.parametrize("damage", ["cut", "flipped", "text", "empty"])
def test_damage_is_told(tmp_path, members, refused, damage):
    path = build(tmp_path / "p.zip", members, how=zipfile.ZIP_STORED)
    content = path.read_bytes()
    flipped = bytearray(content)
    flipped[content.index(b'"outcome"') + 3] ^= 1
    path.write_bytes({"cut": content[:-100], "flipped": flipped, "text": b"hello", "empty": b""}[damage])
    assert ("/result.json is damaged" if damage == "flipped" else "it is no archive") in refused(path)


def test_what_is_no_file_is_told(tmp_path, refused):
    for path in (tmp_path / "nowhere.zip", tmp_path):
        assert "there is no such file" in refused(path)


@pytest.mark.parametrize(("changes", "told"), [
    ({"format": 99}, "expected format 1; received 99"),
    ({"members": {"plan.yaml": {"bytes": 0, "sha256": ""}}}, "in its manifest, but not in both"),
    ({"study": "other"}, "it is the plan of the study 'small'; expected 'other'"),
    (b"", "manifest.json cannot be used"),
    (b"[" * 100_000, "manifest.json cannot be used"),
])  # fmt: skip
def test_a_manifest_that_is_none_is_refused(tmp_path, members, refused, changes, told):
    about = changes if isinstance(changes, bytes) else edit(manifest(members), changes)
    assert told in refused(build(tmp_path / "p.zip", members, about=about))


def test_a_manifest_that_does_not_vouch_for_the_content_is_refused(tmp_path, members, trial, refused):
    name = f"{trial}/result.json"
    changed = members | {name: edit(members[name], {"outcome": "failed"})}
    assert f"{name} is not what the manifest says" in refused(
        build(tmp_path / "p.zip", changed, about=manifest(members))
    )
    more = manifest(members | {"more": b""})
    told = "'more' stands in the archive or in its manifest"
    assert told in refused(build(tmp_path / "q.zip", members, about=more))


@pytest.mark.parametrize(("name", "change", "told"), [
    ("plan.yaml", None, "plan.yaml is missing"),
    ("plan.yaml", b"[" * 20_000, "plan.yaml cannot be used"),
    ("plan.yaml", b"\xff", "plan.yaml cannot be used"),
    ("plan.yaml", {"trials": []}, "it holds no trials"),
    ("plan.yaml", {"trials": [{"key": "../x"}]}, "trials.0.arm is missing"),
    ("plan.yaml", {"swept": {"lr": [1]}}, "has no level of lr"),
    ("plan.yaml", {"swept": 3}, "swept: expected an object; received 3"),
    ("plan.yaml", {"hash": "0123456789abcdef"}, "it was changed after it was made: its hash is"),
    ("plan.yaml", {"arms": ..., "precision": ..., "seeds": ...}, "lacks arms, precision or seeds"),
    ("requirements.lock", None, "requirements.lock is missing"),
    ("result.json", None, "/result.json is missing"),
    ("result.json", {"key": OTHER}, f"it is the result of trial '{OTHER}'"),
    ("result.json", {"study": "other"}, "of the study 'other'"),
    ("result.json", {"outcome": "splendid"}, "outcome: expected 'finished', 'diverged'"),
    ("result.json", {"cost": {}}, "cost.wall_seconds is missing"),
    ("result.json", {"data": None}, "data: expected an object; received None"),
    ("result.json", {"model": "compact"}, "are those of the trial"),
    ("result.json", {"factors": {"lr": 0.001}}, "it lacks precision, seed"),
    ("result.json", b"[" * 100_000, "/result.json cannot be used"),
    ("config.yaml", b"- a\n", "expected key: value, one a line"),
    ("history.csv", b"", "not enough values"),
    ("attempts.json", b"{", "/attempts.json cannot be used"),
    ("predictions.bin", b"{}\n", "text is missing"),
])  # fmt: skip
def test_a_member_that_says_what_it_must_not_is_refused(tmp_path, members, refused, name, change, told):
    name = next(member for member in members if member.endswith(name))
    members[name] = edit(members[name], change) if isinstance(change, dict) else change
    assert told in refused(build(tmp_path / "p.zip", members))


def test_a_plan_that_holds_more_than_it_may_or_less_than_the_package_is_refused(tmp_path, members, trial, refused):
    dated = members | {"plan.yaml": members["plan.yaml"] + b"when: 2026-01-01\n"}
    assert "it was changed or cut off" in refused(build(tmp_path / "p.zip", dated))
    key, trials = trial.split("/")[1], yaml.safe_load(members["plan.yaml"])["trials"]
    others = [planned | {"key": OTHER} if planned["key"] == key else planned for planned in trials]
    plan = edit(members["plan.yaml"], {"hash": ..., "trials": others})
    assert f"{trial} is not in its plan" in refused(build(tmp_path / "q.zip", members | {"plan.yaml": plan}))


def test_a_column_that_is_missing_is_told(tmp_path, members, refused):
    listed = {name: content for name, content in members.items() if not name.startswith("columns/")}
    assert "its column 'split' is missing" in refused(build(tmp_path / "p.zip", listed))


def test_whatever_byte_is_changed_the_package_is_refused_or_the_same(tmp_path, members):
    path = build(tmp_path / "p.zip", members)
    content, rng = path.read_bytes(), np.random.default_rng(0)
    for place in rng.integers(0, len(content), 150):
        changed = bytearray(content)
        changed[place] ^= int(rng.integers(1, 256))
        path.write_bytes(changed)
        with suppress(UserError), reader.open_package(path) as package:
            package.check()
            assert {name: package.read(name) for name in package.manifest.members} == members

"""What an audit finds, writes and refuses."""

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
from harness import call, command, finish, modules_loaded

from bloodstudy import audit
from bloodstudy.data.provenance import shipped

ROOT = Path(__file__).parent.parent


@pytest.fixture
def faulty(small):
    """Return a folder with a duplicate on both sides, a photograph on both sides and a scene under two classes."""
    shutil.copy(small / "train/A/000.jpg", small / "test/A/copy.jpg")
    photographs = {"train/A/001.jpg": "p1", "test/A/001.jpg": "p1", "train/A/002.jpg": "p2", "train/B/002.jpg": "p2"}
    photographs |= {"train/A/000.jpg": "p3", "test/A/copy.jpg": "p3"}
    images = sorted(str(file.relative_to(small)) for file in small.rglob("*.jpg"))
    rows = [f"{image},{photographs.get(image, image)}\n" for image in images]
    (small / "photographs.csv").write_text("image,photograph\n" + "".join(rows))
    (small / "test/B/broken.jpg").write_bytes(b"")
    return small


def test_planted_faults_are_told_and_fail_on_leak_exits_with_1(faulty, tmp_path):
    arguments = ["data=folder", f"data.root={faulty}", "cache_dir=cache"]
    ended = command(tmp_path, "audit", *arguments, PYTHONWARNINGS="default")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.splitlines()[-1] == "reports/audit/folder/audit.md"
    assert re.search(r"test images that training knows +│ +2 │", ended.stdout)
    folder = tmp_path / "reports/audit/folder"
    summary = json.loads((folder / "findings.json").read_text())["summary"]
    expected = {"images": 17, "refused": 1, "duplicates": 1, "duplicates_across": 1, "scenes_across": 2,
                "label_conflicts": 1, "test_images": 7, "test_images_leaking": 2, "provenance": "known"}  # fmt: skip
    assert {name: summary[name] for name in expected} == expected
    assert "test/B/broken.jpg,zero bytes" in (folder / "quarantine.csv").read_text()
    leaking = call(tmp_path, "audit", *arguments, "fail_on_leak=true")
    assert leaking.returncode == 1
    assert "fail_on_leak: the official split leaks" in leaking.stdout
    assert sorted(file.name for file in tmp_path.iterdir()) == ["cache", "images", "reports"], "nothing is trained"


def test_a_strict_audit_of_a_clean_split_passes_and_of_a_random_one_does_not(tmp_path):
    smear = ["data.photographs=2", "data.copies=4", "cache_dir=cache", "fail_on_leak=true", "reports_dir='my reports'"]
    clean, drawn = call(tmp_path, "audit", *smear), call(tmp_path, "audit", *smear, "data.split=random")
    assert (clean.returncode, clean.stderr) == (0, "")
    assert (drawn.returncode, drawn.stderr) == (1, "")
    assert (tmp_path / "my reports/audit/smear/audit.md").exists()


def test_if_scenes_cannot_be_found_the_rest_is_told_and_fail_on_leak_fails(class_folders, tmp_path):
    names = ("EOSINOPHIL", "LYMPHOCYTE", "MONOCYTE", "NEUTROPHIL")
    root = class_folders({f"{side}/{name}": 3 for side in ("TRAIN", "TEST") for name in names})
    ended = call(tmp_path, "audit", "data=kaggle", f"data.root={root}", "cache_dir=cache", "fail_on_leak=true")
    assert (ended.returncode, ended.stderr) == (1, "")
    assert "scenes are left unknown: the photographs that the images of" in ended.stdout
    assert "nobody can tell whether the split leaks" in ended.stdout
    text = (tmp_path / "reports/audit/kaggle/audit.md").read_text()
    assert "cannot be told, since nothing says which scene" in text
    assert "Not known: the archive's labels.csv is not beside these images." in text


def test_help_answers(tmp_path):
    said = finish(tmp_path, "audit", "--help")
    assert "fail_on_leak=true" in said
    assert list(tmp_path.iterdir()) == []


def test_no_tensorflow_and_no_mlflow_are_loaded(tmp_path):
    code = f"from bloodstudy.audit import audit; audit({['data.photographs=2', 'data.copies=2', 'cache_dir=cache']})"
    assert modules_loaded(tmp_path, code, "tensorflow keras mlflow jax torch") == []


def test_every_audit_that_the_pages_show_is_accepted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pages = [*ROOT.glob("docs/*.md"), ROOT / "conf" / "config.yaml", *ROOT.glob("experiments/**/README.md")]
    typed = re.compile(r"python -m bloodstudy\.audit((?: [\w.]+=[^\s`]+)*)")
    shown = {words for page in pages for words in typed.findall(page.read_text())}
    assert " data=kaggle" in shown
    for words in shown:
        assert audit.read_settings(shlex.split(words)).factors.seed == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["kaggle", "bccd"])
def test_the_real_images(blood_cells, tmp_path, name):
    if name == "kaggle" and not (shipped.TABLES / "kaggle.csv.gz").exists():
        pytest.skip("without the table of the package, registering all images takes a quarter of an hour")
    ended = call(tmp_path, "audit", f"data={name}", f"data.root={blood_cells}", "cache_dir=cache")
    assert (ended.returncode, ended.stderr) == (0, "")
    content = json.loads((tmp_path / f"reports/audit/{name}/findings.json").read_text())
    assert content["summary"]["images"] == {"kaggle": 12444, "bccd": 348}[name]
    assert content["summary"]["duplicates"] == 0
    assert len(content["multi_label"]) == 15

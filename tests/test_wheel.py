"""The built wheel alone, and a user's own network beside it, in environments that never saw the clone."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from harness import shell

from bloodstudy import files

ROOT = Path(__file__).parent.parent
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

PLUGIN = """
import bloodstudy as bs
import keras

@bs.network("tenlines", reads=["width"])
def build(factors, input_shape, classes):
    return keras.Sequential([
        keras.Input(input_shape),
        keras.layers.Rescaling(1 / 255),
        keras.layers.Flatten(),
        keras.layers.Dense(round(8 * factors.width), "relu"),
        keras.layers.Dense(classes, dtype="float32"),
    ])
"""
PYPROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "tenlines"
version = "1"
[project.entry-points."bloodstudy.extensions"]
tenlines = "tenlines"
"""


def uv(*words):
    program = Path(sys.executable).parent / "uv"
    subprocess.run([program if program.exists() else "uv", *words], check=True, capture_output=True)


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """An environment that holds the wheel and its dependencies, at the locked versions, and nothing of the clone."""
    folder = tmp_path_factory.mktemp("wheel")
    uv("build", "--quiet", "--wheel", "--no-build-isolation", "--python", sys.executable, "--out-dir", folder, ROOT)
    (wheel,) = folder.glob("*.whl")
    uv("venv", "--quiet", "--python", sys.executable, folder / "env")
    python = folder / "env" / "bin" / "python"
    uv("pip", "install", "--quiet", "--python", python, "--constraint", ROOT / "requirements.lock", f"{wheel}[cpu]")
    return python


def run(python, folder, *arguments):
    kept = {name: value for name, value in shell().items() if name != "PYTHONPATH"}
    words = [python, "-m", "bloodstudy.run", *arguments]
    return subprocess.run(words, cwd=folder, env=kept, capture_output=True, text=True, check=False)


def test_the_wheel_alone_trains_from_an_empty_folder(installed, tmp_path):
    ended = run(installed, tmp_path, "epochs=1", "image_size=[32,32]", "cache_dir=cache")
    assert ended.returncode == 0, ended.stderr
    (result,) = (tmp_path / "runs" / "scratch").glob("*/result.json")
    assert files.read_json(result)["git_commit"] is None
    where = [installed, "-c", "import bloodstudy; print(bloodstudy.__file__)"]
    assert str(ROOT) not in subprocess.check_output(where, cwd=tmp_path, text=True)


def test_an_extension_of_ten_lines_trains_an_arm(installed, tmp_path):
    package = tmp_path / "package"
    package.mkdir()
    (package / "tenlines.py").write_text(PLUGIN)
    (package / "pyproject.toml").write_text(PYPROJECT)
    uv("pip", "install", "--quiet", "--python", installed, "--no-deps", package)
    typed = ["-m", "extend=tenlines", "model=reference,tenlines", "epochs=1", "image_size=[32,32]", "cache_dir=cache"]
    ended = run(installed, tmp_path, *typed)
    assert ended.returncode == 0, ended.stderr
    rows = [line.split("│") for line in ended.stdout.splitlines() if line.startswith("│")]
    outcomes = {row[1].strip(): row[5].strip() for row in rows}
    assert outcomes == {"model=reference": "finished", "model=tenlines": "finished"}


def test_without_a_backend_the_command_says_what_to_install(installed, tmp_path):
    python = tmp_path / "env" / "bin" / "python"
    uv("venv", "--quiet", "--python", sys.executable, tmp_path / "env")
    wheels = list(Path(installed).parent.parent.parent.glob("*.whl"))
    uv("pip", "install", "--quiet", "--python", python, "--constraint", ROOT / "requirements.lock", wheels[0])
    ended = run(python, tmp_path, "epochs=1", "cache_dir=cache")
    assert ended.returncode == 3
    assert "bloodstudy[cpu]" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "runs").exists()
    shutil.rmtree(tmp_path / "env")

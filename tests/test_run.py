"""The real command, in a process of its own, in an empty folder."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import psutil
import pytest

from bloodstudy import files

TINY = ["epochs=2", "image_size=[16,16]", "depth=2", "batch_size=4", "lr=1e-3"]


def command(folder, *arguments, module="run", **environment):
    kept = {name: value for name, value in os.environ.items() if name not in ("MLFLOW_TRACKING_URI", "BLOODSTUDY_DATA")}
    return subprocess.run(
        [sys.executable, "-m", f"bloodstudy.{module}", *arguments],
        cwd=folder, env=kept | {"PYTHONWARNINGS": "default"} | environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    "arguments",
    [
        ["lr=abc"], ["lr=-1"], ["learning_rate=1"], ["model=resnett"], ["data=folder", "data.root=/nowhere"],
        ["image_size=[8,8]", "model=compact"], ["epochs=0"], ["dropout=1.5"], ["-m", "lr=1e-2,abc"],
        ["-m", "lr=-1,1"], ["-m", "learning_rate=1,2"], ["-m", "model=reference,resnett"],
        ["-m", "data=folder", "data.root=/nowhere", "lr=1,2"], ["-m", "image_size=[8,8],[200,200]", "model=compact"],
        ["-m", "epochs=1,0"], ["-m", "dropout=0,1.5"], ["data.fold=5"], ["-m", "data.split=grouped,groupd"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_bad_input_exits_with_2_in_one_clear_message_and_leaves_nothing(tmp_path, arguments):
    ended = command(tmp_path, *arguments)
    assert ended.returncode == 2
    assert ended.stderr.startswith("bloodstudy: ")
    assert len(ended.stderr.splitlines()) == 1
    assert ended.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_the_configuration_is_shown_with_a_file_of_ones_own_and_options_between_overrides(tmp_path):
    (tmp_path / "conf" / "model").mkdir(parents=True)
    (tmp_path / "conf/model/mine.yaml").write_text("# @package _global_\nmodel: {name: compact}\ndepth: 3\n")
    ended = command(tmp_path, "model=mine", "--cfg", "job", "padding=same")
    assert ended.returncode == 0, ended.stderr
    assert "\ndepth: 3\n" in ended.stdout
    assert "\npadding: same\n" in ended.stdout


def test_help_lists_the_choices_and_every_key(tmp_path):
    ended = command(tmp_path, "--help")
    assert ended.returncode == 0
    for word in ("reference", "compact", "kaggle", "smear", "image_size", "lr: 0.0005", "bloodstudy.report"):
        assert word in ended.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """A finished sweep over two learning rates and two seeds on forty synthetic images, and how it was typed."""
    folder = tmp_path_factory.mktemp("swept")
    write_images(folder / "images")
    typed = ["-m", "lr=1e-3,1e-2", "seed=0,1", "data=folder", f"data.root={folder / 'images'}", "cache_dir=cache"]
    typed += [word for word in TINY if not word.startswith("lr")]
    return folder, typed, command(folder, *typed)


def write_images(root: Path, size: int = 16) -> None:
    import numpy as np
    from PIL import Image

    rng = np.random.default_rng(0)
    for split, count in (("train", 12), ("test", 8)):
        for position, name in enumerate(("DARK", "LIGHT")):
            (root / split / name).mkdir(parents=True)
            for k in range(count):
                pixels = rng.normal(80 + 90 * position, 30, (size, size, 3)).clip(0, 255).astype("uint8")
                Image.fromarray(pixels).save(root / split / name / f"{k}.png")


def test_a_sweep_ends_with_a_table_in_the_order_typed(swept):
    _, _, ended = swept
    assert ended.returncode == 0, ended.stderr
    rows = [line for line in ended.stdout.splitlines() if line.startswith("│")]
    assert [row.split("│")[1].strip() for row in rows] == ["lr=0.001", "lr=0.001", "lr=0.01", "lr=0.01"]
    assert "bloodstudy.report" in ended.stdout
    assert "Traceback" not in ended.stderr
    ours = [line for line in ended.stderr.splitlines() if "Warning" in line and "bloodstudy/" in line]
    assert ours == []


def test_every_trial_leaves_its_files(swept):
    folder, _, _ = swept
    trials = [path.parent for path in (folder / "runs" / "scratch").glob("*/result.json")]
    assert len(trials) == 4
    for trial in trials:
        result = files.read_json(trial / "result.json")
        assert result["outcome"] == "finished"
        assert result["key"] == trial.name
        assert len(pd.read_csv(trial / "history.csv")) == 2
        assert len(pd.read_parquet(trial / "predictions.parquet")) == 40
        assert (trial / "config.yaml").exists()


@pytest.mark.filterwarnings("ignore")
def test_the_runs_stand_in_mlflow_under_our_names(swept, monkeypatch):
    folder, _, _ = swept
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
    runs = client.search_runs([client.get_experiment_by_name("scratch").experiment_id])
    assert [run.info.status for run in runs] == ["FINISHED"] * 4
    for run in runs:
        metrics, tags = run.data.metrics, run.data.tags
        assert metrics["accuracy_gap"] == pytest.approx(metrics["train_accuracy"] - metrics["test_accuracy"])
        assert {"test_macro_f1", "test_recall_DARK", "fit_accuracy", "epoch_seconds", "images_per_second",
                "peak_memory_mb", "train_loss", "test_loss"} <= set(metrics)  # fmt: skip
        assert {"trial_key", "study", "arm", "seed", "fingerprint", "outcome", "git_commit"} <= set(tags)
        assert len(client.get_metric_history(run.info.run_id, "fit_loss")) == 2
        assert (tags["audit.provenance"], tags["audit.test_images_leaking"]) == ("unknown", "unknown")
        assert [given.dataset.digest for given in run.inputs.dataset_inputs] == [tags["fingerprint"]]
        assert {"config.yaml", "history.csv", "predictions.parquet"} == {
            artifact.path for artifact in client.list_artifacts(run.info.run_id)
        }
    assert {run.data.params["lr"] for run in runs} == {"0.001", "0.01"}


@pytest.mark.filterwarnings("ignore")
def test_the_same_command_again_trains_and_logs_nothing(swept):
    folder, typed, _ = swept
    from mlflow import MlflowClient

    before = {path: path.stat().st_mtime_ns for path in (folder / "runs" / "scratch").glob("*/*") if path.is_file()}
    client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
    before_runs = client.search_runs([client.get_experiment_by_name("scratch").experiment_id])
    again = command(folder, *typed)
    assert again.returncode == 0
    assert "4 trials: 4 finished earlier, 0 to train" in again.stdout
    after = {path: path.stat().st_mtime_ns for path in before}
    assert {path.name for path in before if before[path] != after[path]} <= {".lock"}
    assert len(client.search_runs([client.get_experiment_by_name("scratch").experiment_id])) == len(before_runs)


@pytest.mark.filterwarnings("ignore")
def test_retry_trains_again_what_it_names_and_nothing_else(swept):
    from mlflow import MlflowClient

    folder, typed, _ = swept
    results = sorted((folder / "runs" / "scratch").glob("*/result.json"))
    kept = [file.read_text() for file in results]
    try:
        failed = files.read_json(results[0]) | {"outcome": "failed", "reason": "a fault that was planted"}
        files.write_json(results[0], failed)
        plain = command(folder, *typed)
        assert plain.returncode == 1
        assert "a fault that was planted" in plain.stdout
        assert "retry=failed" in plain.stdout
        again = command(folder, *typed, "retry=failed")
        assert again.returncode == 0, again.stderr
        assert "4 trials: 3 finished earlier, 1 to train" in again.stdout
        new = files.read_json(results[0])
        assert (new["outcome"], new["cost"]["attempts"]) == ("finished", 2)
        assert new["prediction_hash"] == failed["prediction_hash"], "the same trial gives the same predictions"
        client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
        runs = client.search_runs([client.get_experiment_by_name("scratch").experiment_id])
        assert [run.info.status for run in runs] == ["FINISHED"] * 4
    finally:
        for file, text in zip(results, kept, strict=True):
            file.write_text(text)


def write_photographs(root: Path) -> None:
    """Say that four images in a row show one photograph, and that the first of the test is the first of training."""
    lines = ["image,photograph"]
    for split, count in (("train", 12), ("test", 8)):
        for name in ("DARK", "LIGHT"):
            for k in range(count):
                leaks = split == "test" and k < 4
                lines.append(f"{split}/{name}/{k}.png,{'train' if leaks else split}-{name}-{k // 4}")
    (root / "photographs.csv").write_text("\n".join(lines) + "\n")


def results_in(folder: Path) -> list[dict]:
    return [files.read_json(path) for path in (folder / "runs" / "scratch").glob("*/result.json")]


@pytest.mark.filterwarnings("ignore")
def test_a_trial_is_judged_by_scene_once_scenes_are_known_and_trained_but_once(tmp_path):
    from mlflow import MlflowClient

    write_images(tmp_path / "images")
    typed = ["data=folder", f"data.root={tmp_path / 'images'}", "cache_dir=cache", *TINY]
    assert command(tmp_path, *typed).returncode == 0
    (before,) = results_in(tmp_path)
    assert "test_accuracy_clean" not in before["responses"]

    write_photographs(tmp_path / "images")
    ended = command(tmp_path, *typed, "data.split=official_clean")
    assert ended.returncode == 0, ended.stderr
    assert "8 of 16 test images show a scene that training shows too" in ended.stdout
    assert "nothing to train" in ended.stdout
    (after,) = results_in(tmp_path)
    assert after["responses"].items() > before["responses"].items()
    table = pd.read_parquet(tmp_path / "runs" / "scratch" / after["key"] / "predictions.parquet")
    clean = table[(table["split"] == "test") & table["scene"].str.startswith("test")]
    right = clean[["p_DARK", "p_LIGHT"]].to_numpy().argmax(axis=1) == (clean["label"] == "LIGHT")
    assert after["responses"]["test_images_clean"] == len(clean) == 8
    assert after["responses"]["test_accuracy_clean"] == right.mean()
    line = f"{right.mean():.3f}   (on the 8 test images whose scene is not in training; "
    assert f"test accuracy   {line}{before['responses']['test_accuracy']:.3f} on all 16)" in ended.stdout
    client = MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    (run,) = client.search_runs([client.get_experiment_by_name("scratch").experiment_id])
    assert run.data.metrics["test_accuracy_clean"] == right.mean()


def test_splits_are_swept_and_compared(tmp_path):
    write_images(tmp_path / "images")
    write_photographs(tmp_path / "images")
    typed = ["-m", "data.split=official,official_clean,grouped", "seed=0,1", "data=folder", "cache_dir=cache", *TINY]
    ended = command(tmp_path, *typed, f"data.root={tmp_path / 'images'}", "data.validation_share=0.34")
    assert ended.returncode == 0, ended.stderr
    assert "4 trials, shared by 6 combinations: 0 finished earlier, 4 to train" in ended.stdout
    assert "data.split=official_clean: judged on the 8 of 16 test images" in ended.stdout
    results = results_in(tmp_path)
    assert len(results) == 4
    for result in results:
        folder = tmp_path / "runs" / "scratch" / result["key"]
        history, table = pd.read_csv(folder / "history.csv"), pd.read_parquet(folder / "predictions.parquet")
        assert history["validation_accuracy"].iloc[-1] == pytest.approx(result["responses"]["validation_accuracy"])
        sides = table.groupby("scene")["split"].agg(set)
        crossing = [scene for scene, own in sides.items() if len(own) > 1]
        assert bool(crossing) == (result["data"]["split"] == "official"), "the files leak, the grouped split does not"
    assert command(tmp_path, module="report").returncode == 0
    text = (tmp_path / "reports" / "scratch" / "report.md").read_text()
    section = text.split("## How much the split is worth")[1].split("## ")[0]
    assert [line.split("|")[1].strip() for line in section.splitlines() if line.startswith("| `")] == [
        "`official`", "`official_clean`", "`grouped`",
    ]  # fmt: skip
    assert "split=official_clean is judged on the 8 of 16 test images whose scene is not in training" in text


def test_broken_images_are_listed_divergence_stops_no_sweep_and_the_parent_imports_no_tensorflow(tmp_path):
    write_images(tmp_path / "images")
    (tmp_path / "images" / "train" / "DARK" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    (tmp_path / "images" / "train" / "DARK" / "empty.png").write_bytes(b"")
    typed = ["-m", "lr=1e30,1e-3", "data=folder", f"data.root={tmp_path / 'images'}", "cache_dir=cache", *TINY[:-1]]
    code = (
        "import sys\n"
        "from bloodstudy.run import run\n"
        "if __name__ == '__main__':\n"
        f"    code = run({typed!r})\n"
        "    print('exit', code, [m for m in ('tensorflow', 'keras') if m in sys.modules])\n"
    )
    (tmp_path / "parent.py").write_text(code)
    ended = subprocess.run([sys.executable, "parent.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "exit 0 []" in ended.stdout, ended.stderr
    assert "refused train/DARK/broken.jpg" in ended.stdout
    assert "refused train/DARK/empty.png" in ended.stdout
    assert "24 training and 16 test images" in ended.stdout
    rows = [line.split("│") for line in ended.stdout.splitlines() if line.startswith("│")]
    assert {row[1].strip(): row[5].strip() for row in rows} == {"lr=1e+30": "diverged", "lr=0.001": "finished"}


def test_a_store_that_is_away_costs_nothing_and_is_caught_up_once(tmp_path):
    write_images(tmp_path / "images")
    typed = ["data=folder", f"data.root={tmp_path / 'images'}", "cache_dir=cache", *TINY]
    away = command(tmp_path, *typed, MLFLOW_TRACKING_URI="http://127.0.0.1:9")
    assert away.returncode == 0, away.stderr
    assert "Training goes on" in away.stdout
    back = command(tmp_path, *typed)
    assert "logged 1 earlier trial" in back.stdout
    assert "logged" not in command(tmp_path, *typed).stdout


def wait_for_a_run(folder: Path) -> None:
    """Wait until the trial in `folder` stands in the store, which a new store takes longer for than an epoch takes."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if any((files.read_json(file) or {})["run_id"] for file in (folder / "runs" / "scratch").glob("*/run.json")):
            return
        time.sleep(0.1)
    pytest.fail("the trial did not appear in the store within a minute")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["ctrl-c", "sigterm"])
def test_a_signal_ends_the_command_at_once_and_leaves_no_run_running(tmp_path, number, code):
    from mlflow import MlflowClient

    write_images(tmp_path / "images")
    typed = ["data=folder", f"data.root={tmp_path / 'images'}", "cache_dir=cache", *TINY[1:], "epochs=100000"]
    process = subprocess.Popen(
        [sys.executable, "-m", "bloodstudy.run", *typed],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
        # A shell starts what it puts in the background with Ctrl+C ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 (no threads here)
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "epoch" in line:
            break
    wait_for_a_run(tmp_path)
    children = psutil.Process(process.pid).children(recursive=True)
    assert children, "the worker is training"
    process.send_signal(number)
    assert process.wait(timeout=10) == code
    _, alive = psutil.wait_procs(children, timeout=5)
    assert alive == []
    client = MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    (run,) = client.search_runs([client.get_experiment_by_name("scratch").experiment_id])
    assert run.info.status == "KILLED"
    assert not list((tmp_path / "runs" / "scratch").glob("*/result.json"))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_two_processes_at_once_share_one_fresh_store(tmp_path):
    from mlflow import MlflowClient

    write_images(tmp_path / "images")
    typed = ["seed=1,2", "data=folder", f"data.root={tmp_path / 'images'}", "cache_dir=cache", *TINY]
    ended = command(tmp_path, "-m", *typed, "hydra/launcher=joblib", "hydra.launcher.n_jobs=2")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    client = MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    runs = client.search_runs([client.get_experiment_by_name("scratch").experiment_id])
    assert sorted(run.info.status for run in runs) == ["FINISHED", "FINISHED"]


def test_a_reader_that_closes_the_output_is_no_defect(tmp_path):
    command = subprocess.Popen(
        [sys.executable, "-m", "bloodstudy.run", "--help"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path
    )
    assert command.stdout is not None
    command.stdout.close()
    _, told = command.communicate(timeout=60)
    assert told == b""
    assert command.returncode == 141

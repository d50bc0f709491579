"""The same six trainings by bloodstudy and by what people use instead: whole commands, side by side, in turn.

    uv pip install --group peers
    python benchmarks/peers.py --data FOLDER [--rounds 3] [--norm lrn batch] [--tools ...] [--killed] [--rows peers.csv]

Three rates, two seeds, three epochs of the reference network on Kaggle's images, 60 x 80 in colour, each logged to
MLflow with its train and test accuracy. The peers are what a competent user writes: `image_dataset_from_directory`,
cached and prefetched, plain Keras, `fit`; a loop (`plain`), KerasTuner's grid, Ray Tune with a training on each core,
Optuna's grid. `bloodstudy` is its own command, with as many workers as it takes by itself; `one` has a single one.
Each command begins in an empty folder, but for images that bloodstudy has decoded before (`--cold`: not even those).

Wall time; processor time of the command and all that it started; the largest memory that all its processes held at
once, looked at every quarter of a second. Medians over the rounds, and the ratio to `plain`. With --killed each is
killed (SIGKILL, all its processes) at half its time and started again: how many trainings that had ended were trained
once more. What is measured is added to the file --rows, one line a command, so that rounds of several quiet hours can
be told together; each is compared with the `plain` of its own round. `--rounds 0` tells what is in the file.
"""

# The peers are installed for this script alone.
# pyright: reportMissingImports=false

from __future__ import annotations

import argparse
import csv
import itertools
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

RATES, SEEDS, EPOCHS, BATCH, SIZE = (1e-2, 1e-3, 1e-4), (0, 1), 3, 100, (60, 80)
TOOLS = ("bloodstudy", "one", "plain", "kerastuner", "raytune", "optuna")
COLUMNS = ("norm", "round", "command", "wall", "processor", "memory", "lost")  # seconds and MB
PAIRS = tuple(itertools.product(RATES, SEEDS))


def main() -> None:
    options = read_options()
    if options.child:
        PEERS[options.child](options)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        root = few(options, folder / "few") if options.images else Path(options.data)
        if options.rounds and not options.cold:
            command("bloodstudy", options.norm[0], root, folder / "warm", folder / "cache", "plan_only=true")
        for norm, _ in itertools.product(options.norm, range(options.rounds)):
            begun = f"{datetime.now(UTC):%Y-%m-%d %H:%M}"
            for tool in options.tools:
                place = folder / tool
                cache = place / "cache" if options.cold else folder / "cache"
                row = [norm, begun, tool, *(f"{number:.2f}" for number in command(tool, norm, root, place, cache))]
                shutil.rmtree(place)
                if options.killed:
                    row.append(lose(tool, norm, root, place, cache, float(row[3]) / 2))
                    shutil.rmtree(place)
                keep(options.rows, row)
    print(summarise(options.rows))


def keep(rows: Path, row: list[str]) -> None:
    """Add a row to the CSV file of what was measured."""
    first = not rows.exists()
    with rows.open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        if first:
            writer.writerow(COLUMNS)
        writer.writerow([*row, *[""] * (len(COLUMNS) - len(row))])


def summarise(rows: Path) -> str:
    """Return a Markdown table: medians, and medians of the ratios to `plain` in the same round."""
    import pandas as pd

    measured = pd.read_csv(rows, dtype={"lost": str})
    plain = measured[measured["command"] == "plain"].set_index(["norm", "round"])
    lines = [
        "| normalisation | command | rounds | wall s | ratio | processor s | ratio | memory, MB | trained once more |",
        f"|{'---|' * 9}",
    ]
    for _, some in measured.groupby(["norm", "command"], sort=False):
        beside = plain.reindex(pd.MultiIndex.from_arrays([some["norm"], some["round"]]))
        cells = [*map(str, some[["norm", "command"]].to_numpy()[0]), str(len(some))]
        for column in ("wall", "processor"):
            ratio = some[column].to_numpy() / beside[column].to_numpy()
            cells += [f"{some[column].median():.0f}", f"{pd.Series(ratio).median():.2f}"]
        cells += [f"{some['memory'].median():,.0f}", "; ".join(some["lost"].dropna())]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", default=os.environ.get("BLOODSTUDY_DATA"), help="folder of the Kaggle archive")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--norm", nargs="+", default=["lrn", "batch"], choices=("lrn", "batch"))
    parser.add_argument("--tools", nargs="+", default=list(TOOLS), choices=TOOLS)
    parser.add_argument("--killed", action="store_true", help="kill each at half its time and start it again")
    parser.add_argument("--cold", action="store_true", help="let bloodstudy decode the images each time")
    parser.add_argument("--rows", type=Path, default=Path("peers.csv"), help="file that each measurement is added to")
    parser.add_argument("--images", type=int, help="so many of each class and side alone, to try this script out")
    parser.add_argument("--child", choices=TOOLS[2:], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not options.data:
        parser.error("name the folder of the Kaggle archive with --data or BLOODSTUDY_DATA")
    return options


def few(options: argparse.Namespace, folder: Path) -> Path:
    """Copy some images of each class and side to `folder`, which has the archive's layout, and return it."""
    for side in ("TRAIN", "TEST"):
        source = next(path for path in Path(options.data).rglob(side) if path.is_dir())
        for kind in sorted(path for path in source.iterdir() if path.is_dir()):
            place = folder / side / kind.name
            place.mkdir(parents=True)
            for image in sorted(kind.iterdir())[: options.images]:
                shutil.copy(image, place)
    return folder


def start(tool: str, norm: str, root: Path, place: Path, cache: Path, *more: str) -> subprocess.Popen[bytes]:
    """Start the whole command of `tool` in the folder `place`, as the leader of a process group."""
    place.mkdir(parents=True, exist_ok=True)
    if tool in ("bloodstudy", "one"):
        data = "data=folder" if (root / "TRAIN").is_dir() else "data=kaggle"
        rates, seeds = (",".join(map(str, levels)) for levels in (RATES, SEEDS))
        words = ["-m", f"lr={rates}", f"seed={seeds}", f"epochs={EPOCHS}", f"batch_size={BATCH}", "colour=rgb"]
        words += [f"image_size=[{SIZE[0]},{SIZE[1]}]", f"norm={norm}", "precision=float32", data, f"data.root={root}"]
        words += [f"cache_dir={cache}", "data.split=official", *(["hydra/launcher=basic"] if tool == "one" else [])]
        line = [sys.executable, "-m", "bloodstudy.run", *words, *more]
    else:
        line = [sys.executable, __file__, "--child", tool, "--norm", norm, "--data", str(root)]
    environment = os.environ | {"MLFLOW_TRACKING_URI": f"sqlite:///{place}/mlflow.db", "TF_CPP_MIN_LOG_LEVEL": "2"}
    with (place / "said.txt").open("ab") as said:
        return subprocess.Popen(
            line, cwd=place, env=environment, stdout=said, stderr=subprocess.STDOUT, start_new_session=True
        )


def command(tool: str, norm: str, root: Path, place: Path, cache: Path, *more: str) -> tuple[float, float, float]:
    """Return wall seconds, processor seconds and the largest memory in MB of the whole command of `tool`."""
    begun = time.monotonic()
    process = start(tool, norm, root, place, cache, *more)
    largest, used = 0.0, {}
    while process.poll() is None:
        now = 0.0
        for each in family(process.pid):
            try:
                now += each.memory_info().rss / 2**20
                used[each.pid, each.create_time()] = sum(each.cpu_times()[:2])
            except psutil.Error:
                continue
        largest = max(largest, now)
        time.sleep(0.25)
    wall = time.monotonic() - begun
    if process.returncode:
        print(f"{tool} failed:\n{(place / 'said.txt').read_text()[-3000:]}", file=sys.stderr)
        raise subprocess.CalledProcessError(process.returncode, tool)
    return wall, sum(used.values()), largest


def family(pid: int) -> list[psutil.Process]:
    """Return a process and all that it, or one of its own, has started."""
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.Error:
        return []


def lose(tool: str, norm: str, root: Path, place: Path, cache: Path, seconds: float) -> str:
    """Kill the command after so many seconds, start it again; tell how many trainings of those ended ran once more."""
    process = start(tool, norm, root, place, cache)
    time.sleep(seconds)
    for each in family(process.pid)[::-1]:
        try:
            each.send_signal(signal.SIGKILL)
        except psutil.Error:
            continue
    process.wait()
    before = list_ended(place)
    try:
        command(tool, norm, root, place, cache)
    except subprocess.CalledProcessError:
        return f"{len(before)} of {len(before)} (it could not go on)"
    again = list_ended(place)
    return f"{sum(again[one] != before[one] for one in before)} of {len(before)}"


def list_ended(place: Path) -> dict[str, Any]:
    """Return what ended so far: for each training of bloodstudy when its result was written, of a peer how often."""
    results = {path.parent.name: path.stat().st_mtime_ns for path in place.glob("runs/*/*/result.json")}
    lines = (place / "ended.txt").read_text().split("\n") if (place / "ended.txt").exists() else []
    return results | {line: lines.count(line) for line in lines if line}


# --- what a user writes


def load(root: str) -> tuple[Any, Any]:
    """Return training and test images, batched, decoded once and kept in memory."""
    import keras
    import tensorflow as tf

    def read(side: str) -> Any:
        folder = next(path for path in Path(root).rglob(side) if path.is_dir())
        images: Any = keras.utils.image_dataset_from_directory(
            folder, image_size=SIZE, batch_size=BATCH, seed=0, verbose=False
        )
        return images.cache().prefetch(tf.data.AUTOTUNE)

    return read("TRAIN"), read("TEST")


def build(norm: str, rate: float) -> Any:
    """Return the reference network, compiled, in plain Keras."""
    import keras
    import tensorflow as tf

    layers: list[Any] = [keras.Input((*SIZE, 3)), keras.layers.Rescaling(1 / 255)]
    for filters in (16, 16, 8, 8):
        normalise = keras.layers.BatchNormalization()
        if norm == "lrn":
            normalise = keras.layers.Lambda(tf.nn.local_response_normalization)
        layers += [keras.layers.Conv2D(filters, 3, padding="same", activation="relu"), keras.layers.MaxPooling2D()]
        layers.append(normalise)
    dense = [keras.layers.Dense(32, "relu"), keras.layers.Dense(8, "relu"), keras.layers.Dense(4)]
    network = keras.Sequential([*layers, keras.layers.Flatten(), *dense])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(keras.optimizers.Adam(rate), loss, metrics=["accuracy"])
    return network


def train(norm: str, rate: float, seed: int, images: tuple[Any, Any], place: Path) -> float:
    """Train one network, log it to MLflow with what it gets right of both sides, return the test accuracy."""
    import keras
    import mlflow

    keras.utils.set_random_seed(seed)
    network = build(norm, rate)
    with mlflow.start_run(run_name=f"lr={rate}, seed={seed}"):
        mlflow.log_params({"lr": rate, "seed": seed, "norm": norm})
        told = network.fit(images[0], epochs=EPOCHS, verbose=0)
        for epoch, accuracy in enumerate(told.history["accuracy"]):
            mlflow.log_metric("fit_accuracy", accuracy, step=epoch + 1)
        right = {
            side: network.evaluate(some, verbose=0)[1] for side, some in zip(("train", "test"), images, strict=True)
        }
        mlflow.log_metrics({f"{side}_accuracy": share for side, share in right.items()})
    with (place / "ended.txt").open("a") as ended:
        ended.write(f"{rate} {seed}\n")
    return right["test"]


def by_plain(options: argparse.Namespace) -> None:
    images = load(options.data)
    for rate, seed in PAIRS:
        train(options.norm[0], rate, seed, images, Path.cwd())


def by_kerastuner(options: argparse.Namespace) -> None:
    import keras_tuner

    images, norm, here = load(options.data), options.norm[0], Path.cwd()

    class Trains(keras_tuner.GridSearch):
        def run_trial(self, trial: Any, *arguments: Any, **named: Any) -> dict[str, float]:
            rate, seed = trial.hyperparameters.get("lr"), trial.hyperparameters.get("seed")
            return {"test_accuracy": train(norm, rate, seed, images, here)}

    def model(hp: Any) -> Any:
        hp.Choice("lr", list(RATES))
        hp.Choice("seed", list(SEEDS))
        return build(norm, RATES[0])

    goal = keras_tuner.Objective("test_accuracy", "max")
    Trains(model, objective=goal, max_trials=len(PAIRS), directory=str(here), project_name="grid").search()


def by_optuna(options: argparse.Namespace) -> None:
    import optuna

    images, here = load(options.data), Path.cwd()
    grid = {"lr": list(RATES), "seed": list(SEEDS)}
    study = optuna.create_study(
        storage=f"sqlite:///{here}/optuna.db", study_name="grid", load_if_exists=True, direction="maximize",
        sampler=optuna.samplers.GridSampler(grid, seed=0),
    )  # fmt: skip

    def objective(trial: Any) -> float:
        rate, seed = (trial.suggest_categorical(name, levels) for name, levels in grid.items())
        return train(options.norm[0], rate, seed, images, here)

    study.optimize(objective, n_trials=len(PAIRS))


def by_raytune(options: argparse.Namespace) -> None:
    import mlflow
    import ray
    from ray import tune

    root, norm, here = options.data, options.norm[0], str(Path.cwd())

    def trainable(levels: dict[str, Any]) -> dict[str, float]:
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(1)
        return {"test_accuracy": train(norm, levels["lr"], levels["seed"], load(root), Path(here))}

    mlflow.set_experiment("grid")  # a store that two trainings make at the same time is broken
    ray.init(num_cpus=os.cpu_count(), include_dashboard=False, logging_level=logging.ERROR)
    if tune.Tuner.can_restore(f"{here}/grid"):
        tuner = tune.Tuner.restore(f"{here}/grid", trainable=trainable, restart_errored=True)
    else:
        tuner = tune.Tuner(
            tune.with_resources(trainable, {"cpu": 1}),
            param_space={"lr": tune.grid_search(list(RATES)), "seed": tune.grid_search(list(SEEDS))},
            run_config=tune.RunConfig(name="grid", storage_path=here, verbose=0),
        )
    results: Any = tuner.fit()
    if results.errors:
        raise results.errors[0]


PEERS = {"plain": by_plain, "kerastuner": by_kerastuner, "raytune": by_raytune, "optuna": by_optuna}

if __name__ == "__main__":
    main()

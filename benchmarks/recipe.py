"""Probes for a recipe that learns: how well, and how alike, one network trains by rate, schedule and epochs.

    python benchmarks/recipe.py prepare probes/             (where bloodstudy and the Kaggle images are)
    python benchmarks/recipe.py train probes/ [--seconds 300] [--out recipe/]       (where a graphics card is, with JAX)
    python benchmarks/recipe.py table recipe/ probes/

`prepare` writes the images, 60 x 80 in colour, their labels, photographs and scenes, and three divisions into five
folds (split_seed 100 to 102): what no study uses. `train` trains the reference by each recipe below on the fifteen
blocks of these divisions, two trainings a block that differ in the seed alone, side by side (benchmarks/fused.py), and
notes which images each names rightly. `table` prints accuracy, what the last quarter of the epochs added, and the
spread of the paired difference between the two, with its 95 % interval (chi-square): the smaller, the fewer trainings a
study needs.

An epoch leaves out what does not fill the last step of the smallest block, other images each time (under 3 %).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))
REPETITIONS, FOLDS, BATCH = (100, 101, 102), 5, 100
TOGETHER = 250  # images a batch when measuring


@dataclass(frozen=True)
class Recipe:
    """One way to train the reference."""

    norm: str
    schedule: str
    lr: float
    epochs: int
    measured: tuple[int, ...] = ()  # after which epochs, beside three quarters and all of them
    split: str = "folds"  # official: fifteen seeds on the official division
    twins: bool = False  # a third training a block: the first one's seed, and weights a thousandth beside its own

    @property
    def name(self) -> str:
        return f"{self.norm} {self.schedule} lr={self.lr:g} epochs={self.epochs} {self.split}"


RECIPES = (
    Recipe("batch", "cosine", 2e-3, 24, twins=True),
    Recipe("batch", "constant", 5e-4, 48, measured=(12, 24)),
    Recipe("batch", "cosine", 4e-3, 24),
    Recipe("batch", "cosine", 1e-3, 24),
    Recipe("batch", "cosine", 2e-3, 12),
    Recipe("lrn", "cosine", 1e-3, 48),
    Recipe("batch", "cosine", 2e-3, 24, split="official"),
    Recipe("batch", "cosine", 2e-3, 48),
    Recipe("batch", "cosine", 8e-3, 24),
    Recipe("lrn", "cosine", 2e-3, 24),
    Recipe("batch", "linear", 2e-3, 24),
    Recipe("batch", "cosine", 4e-3, 12),
    Recipe("batch", "cosine", 4e-3, 48),
    Recipe("none", "cosine", 1e-3, 24),
    Recipe("lrn", "cosine", 1e-3, 24),
    Recipe("lrn", "cosine", 5e-4, 48),
)


def prepare(folder: Path) -> None:
    """Write what `train` needs, the images in two files of lossless pictures."""
    import io

    from PIL import Image

    from bloodstudy import data
    from bloodstudy.config.schema import DataChoice

    folds = []
    for repetition in REPETITIONS:
        fold_of = None
        for fold in range(FOLDS):
            choice = DataChoice(name="kaggle", split="grouped_kfold", split_seed=repetition, folds=FOLDS, fold=fold)
            loaded = data.load(choice, colour="rgb", image_size=(60, 80))
            fold_of = np.full(len(loaded.images), -1, "int8") if fold_of is None else fold_of
            fold_of[loaded.rows("test")] = fold
        folds.append(fold_of)
    official = data.load(DataChoice(name="kaggle", split="official"), colour="rgb", image_size=(60, 80))
    test = np.zeros(len(official.images), bool)
    test[official.rows("test")] = True
    assert (official.manifest["image"] == loaded.manifest["image"]).all()
    folder.mkdir(parents=True, exist_ok=True)
    names = {key: np.unique(loaded.manifest[key], return_inverse=True)[1] for key in ("photograph", "scene")}
    labels = loaded.manifest["label"].to_numpy("int32")
    np.savez_compressed(folder / "labels.npz", labels=labels, folds=np.stack(folds), official=test, **names)
    for half, part in enumerate(np.array_split(np.arange(len(labels)), 2)):
        sheets = []
        for rows in np.array_split(part, max(1, len(part) // 200)):
            kept = io.BytesIO()
            sheet = np.ascontiguousarray(loaded.images[rows]).reshape(-1, 80, 3)
            Image.fromarray(sheet).save(kept, "webp", lossless=True, quality=50, method=4)
            sheets.append(np.frombuffer(kept.getvalue(), "uint8"))
        np.savez(folder / f"images{half}.npz", *sheets)


def read_images(folder: Path) -> np.ndarray:
    """Return the images (N, 60, 80, 3) that `prepare` wrote."""
    import io
    from concurrent.futures import ThreadPoolExecutor

    from PIL import Image

    sheets = [sheet for half in (0, 1) for sheet in np.load(folder / f"images{half}.npz").values()]
    with ThreadPoolExecutor() as pool:
        parts = pool.map(lambda sheet: np.asarray(Image.open(io.BytesIO(sheet.tobytes())).convert("RGB")), sheets)
        return np.concatenate([part.reshape(-1, 60, 80, 3) for part in parts])


def train(folder: Path, out: Path, seconds: float, way: str, least: bool) -> None:
    """Train what the time allows, in the order of RECIPES."""
    import jax

    stored = dict(np.load(folder / "labels.npz"))
    jax.config.update("jax_compilation_cache_dir", str(out / ".programs"))  # recipes of one norm share their program
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    images = jax.device_put(read_images(folder))
    labels = jax.device_put(stored["labels"])
    out.mkdir(parents=True, exist_ok=True)
    deadline, pace = time.monotonic() + seconds, 0.0
    for index, recipe in enumerate(RECIPES[:2] if least else RECIPES):
        trainings = 15 * (2 + recipe.twins)
        if time.monotonic() + pace * trainings * recipe.epochs > deadline:
            print(f"{recipe.name}: not done, no time left", flush=True)
            continue
        started = time.monotonic()
        with jax.default_matmul_precision("highest"):
            _train_one(recipe, index, images, labels, stored, out, way, least)
        took = time.monotonic() - started
        pace = max(pace, took / trainings / recipe.epochs)
        print(f"{recipe.name}: {trainings} trainings in {took:.0f} s", flush=True)


def _train_one(
    recipe: Recipe, index: int, images: Any, labels: Any, stored: dict[str, Any], out: Path, way: str, least: bool
) -> None:
    from dataclasses import replace

    import fused
    import jax

    blocks = [(r, f) for r in range(len(REPETITIONS)) for f in range(FOLDS)][: 2 if least else None]
    rows_of = [
        np.flatnonzero(~stored["official"] if recipe.split == "official" else stored["folds"][r] != f)
        for r, f in blocks
    ]
    seeds = [FOLDS * REPETITIONS[r] + f for r, f in blocks]
    arms = 2 + recipe.twins
    all_seeds = [*seeds, *(seed + 10_000 for seed in seeds), *(seeds if recipe.twins else [])]
    steps = min(int((of != fold).sum()) for of in stored["folds"] for fold in range(FOLDS)) // BATCH  # of all recipes
    if least:
        steps = 3
    factors = replace(fused.REFERENCE, norm=recipe.norm, schedule=recipe.schedule, lr=recipe.lr, epochs=recipe.epochs)
    group = fused.Group("reference", factors, tuple(all_seeds), steps * recipe.epochs, way)
    state = group.start()
    if recipe.twins:
        generator = np.random.default_rng(1)
        state["trainable"] = [_beside(np.asarray(value), 2 * len(blocks), generator) for value in state["trainable"]]
    epoch = jax.jit(group.epoch, donate_argnums=0)
    settle, correct = jax.jit(group.settle), jax.jit(group.correct)
    count = len(labels) // TOGETHER * TOGETHER
    tail = slice(len(labels) - TOGETHER, None)  # the last batch overlaps the one before
    picture = jax.numpy.concatenate([images[:count], images[tail]]).reshape(-1, TOGETHER, *images.shape[1:])
    truth = jax.numpy.concatenate([labels[:count], labels[tail]]).reshape(-1, TOGETHER)
    when = {*recipe.measured, max(1, recipe.epochs * 3 // 4), recipe.epochs}
    kept: dict[str, np.ndarray] = {}
    losses = []
    for number in range(1, (3 if least else recipe.epochs) + 1):
        order = np.stack(
            [
                np.random.default_rng([seed, number - 1]).permutation(rows_of[k % len(blocks)])[: steps * BATCH]
                for k, seed in enumerate(all_seeds)
            ]
        )
        order = order.reshape(len(all_seeds), steps, BATCH).transpose(1, 0, 2).astype("int32")
        state, loss = epoch(state, order, group.shares((number - 1) * steps, steps), images, labels)
        losses.append(loss)
        if number in when or least:
            settled = settle(state, order[:100], images) if recipe.norm == "batch" else state
            right = np.asarray(correct(settled, picture, truth)).transpose(1, 0, 2).reshape(len(all_seeds), -1)
            right = np.concatenate([right[:, :count], right[:, count:][:, count - len(labels) :]], axis=1)
            kept[f"right_{number}"] = np.packbits(right, axis=1)
    losses = np.stack([np.asarray(loss) for loss in losses])
    about = json.dumps({**recipe.__dict__, "name": recipe.name, "steps": steps, "arms": arms})
    np.savez_compressed(out / f"recipe_{index:02}.npz", losses=losses, about=np.array(about), **kept)


def _beside(value: np.ndarray, first: int, generator: np.random.Generator) -> np.ndarray:
    """Return the weights (K, ...) with those from `first` on moved by a thousandth of themselves."""
    value = value.copy()
    value[first:] *= 1 + 1e-3 * generator.standard_normal(value[first:].shape).astype("float32")
    return value


def table(out: Path, folder: Path) -> None:
    """Print one row a recipe and measured epoch."""
    from scipy import stats

    stored = dict(np.load(folder / "labels.npz"))
    labels, total = stored["labels"], len(stored["labels"])

    def balanced(right: np.ndarray, rows: np.ndarray) -> float:
        return float(np.mean([right[rows & (labels == k)].mean() for k in range(4)]))

    blocks = [(r, f) for r in range(len(REPETITIONS)) for f in range(FOLDS)]
    print("| recipe | after epoch | train | lowest test | test | dead | spread of a paired difference | twin's |")
    print("|---|---:|---:|---:|---:|---:|---|---|")
    for file in sorted(out.glob("recipe_*.npz")):
        held = dict(np.load(file))
        about = json.loads(str(held["about"]))
        for key in sorted((key for key in held if key.startswith("right_")), key=lambda key: int(key[6:])):
            right = np.unpackbits(held[key], axis=1)[:, :total].astype(bool)
            count = len(right) // about["arms"]
            official = about["split"] == "official"
            sides = [stored["official"] if official else stored["folds"][r] == f for r, f in blocks[:count]]
            test = np.array([balanced(row, sides[k % count]) for k, row in enumerate(right)])
            fit = np.array([balanced(row, ~sides[k % count]) for k, row in enumerate(right)])
            cells = []
            for arm in range(1, about["arms"]):
                difference = 100 * (test[arm * count : (arm + 1) * count] - test[:count])
                spread, free = difference.std(ddof=1), count - 1
                low, high = spread * np.sqrt(free / stats.chi2.ppf([0.975, 0.025], free))
                cells.append(f"{spread:.2f} [{low:.2f}, {high:.2f}]")
            dead = int((fit < 0.3).sum())
            cells += [""] * (2 - len(cells))
            row = f"{fit.mean():.3f} | {test.min():.3f} | {test.mean():.3f} | {dead} of {len(test)}"
            print(f"| {about['name']} | {key[6:]} | {row} | {' | '.join(cells)} |")


def main() -> None:
    """Do what the first word says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("prepare", "train", "table"))
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--seconds", type=float, default=300, help="no recipe begins that would end later")
    parser.add_argument("--out", type=Path, default=Path("recipe"), help="where the results of `train` go")
    parser.add_argument("--way", default="patches", help="how small layers compute (benchmarks/fused.py)")
    parser.add_argument("--least", action="store_true", help="two blocks, three short epochs: to try it on a CPU")
    options = parser.parse_args()
    if options.what == "prepare":
        prepare(options.folders[0])
    elif options.what == "train":
        train(options.folders[0], options.out, options.seconds, options.way, options.least)
    else:
        table(*options.folders)


if __name__ == "__main__":
    main()

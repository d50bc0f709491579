"""Many trainings in one program: how many images a second a graphics card trains, by how many trials it trains at once.

    python benchmarks/fused.py [--seconds 330] [--out fused.json] [--smallest]
    python benchmarks/fused.py --equal       how far weights are apart if trained alone or among others (a CPU will do)

Needs JAX, Keras, NumPy and pandas: no TensorFlow, no network, no data (the images are random; no time depends on it).
Trains K trials of one shape side by side, each with its own weights, images in its own order and its own learning rate:
one `jax.vmap` over Keras's `stateless_call` and `stateless_apply`, many steps in one `lax.scan`, the images once on the
device as uint8. For each network and K it tells images a second and the memory that the program asks for, beside

- `alone`: the same step without `vmap`, one trial;
- `plain`: `model.fit` of Keras on JAX, as one writes it, images in memory;

and the floating-point work of the convolutions (forward, and twice that backward) that this speed means. float32 is
float32 here: no TF32, if not asked for by name. Three ways to compute the small layers are compared first:

- `grouped`: what `vmap` makes of Keras's own layers: grouped convolutions;
- `pooled`: the same, with pooling and response normalisation written as element-wise sums and maxima;
- `patches`: `pooled`, and convolutions as products of matrices of patches, a batch of products over the trials.

The fastest at K = 16 is used for the rest. What the time does not allow is listed as not done.
"""

from __future__ import annotations

import argparse
import functools
import json
import math
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "jax"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import jax
import jax.numpy as jnp
import keras
import numpy as np

from bloodstudy.config.schema import Factors
from bloodstudy.model import blocks, networks
from bloodstudy.training.optimizer import Course, make_optimizer
from bloodstudy.training.patches import rewrite

CLASSES = 4
WAYS = ("grouped", "pooled", "patches")
SIZES = (1, 4, 16, 64, 256)  # trials at once
REFERENCE = Factors(image_size=(60, 80), colour="rgb", precision="float32")
NETWORKS = {
    "reference 60x80 rgb": ("reference", REFERENCE),
    "reference 120x160 gray": ("reference", replace(REFERENCE, image_size=(120, 160), colour="gray")),
    "compact 60x80 rgb": ("compact", replace(REFERENCE, depth=5, norm="batch", dropout=0.4)),
}


# --- many trials of one shape


@dataclass(frozen=True)
class Group:
    """K trials of one network and one shape, trained side by side.

    Args:
        name: of the network: reference or compact.
        factors: what they share; `seed` is not used, `lr` is the default of `rates`.
        seeds: (K,) one a trial: initial weights and dropout.
        steps: of the whole training, for the schedule.
        way: how small layers compute.
        vmapped: False: one trial without `vmap`.
    """

    name: str
    factors: Factors
    seeds: tuple[int, ...]
    steps: int
    way: str = "patches"
    vmapped: bool = True

    def __post_init__(self) -> None:
        build = {"reference": networks.build_reference, "compact": networks.build_compact}[self.name]
        shape = (*self.factors.image_size, 3 if self.factors.colour == "rgb" else 1)
        constant = replace(self.factors, schedule="constant", warmup=0.0)
        built = build(constant, shape, CLASSES)
        built = built if self.way == "grouped" else rewrite(built, convolutions=self.way == "patches")
        object.__setattr__(self, "model", built)
        object.__setattr__(self, "optimizer", make_optimizer(constant, 1))
        self.optimizer.build(self.model.trainable_variables)
        dropping = [layer for layer in self.model.layers if isinstance(layer, keras.layers.Dropout)]
        object.__setattr__(self, "streams", {layer.seed_generator.state.path: layer.name for layer in dropping})
        course = Course(1.0, self.steps, self.factors.schedule, self.factors.warmup)
        object.__setattr__(self, "course", course)

    model: Any = None
    optimizer: Any = None
    course: Any = None
    streams: Any = None

    def start(self, rates: Sequence[float] | None = None) -> dict[str, Any]:
        """Return the state before the first step: each entry with a first axis of K, if vmapped."""
        rates = rates or [self.factors.lr] * len(self.seeds)
        initial = functools.cache(lambda seed, kind: [self._initial(one, seed) for one in getattr(self.model, kind)])
        trials = [
            {
                "trainable": initial(seed, "trainable_variables"),
                "other": initial(seed, "non_trainable_variables"),
                "optimizer": [np.asarray(variable.value) for variable in self.optimizer.variables],
                "rate": np.float32(rate),
            }
            for seed, rate in zip(self.seeds, rates, strict=True)
        ]
        if not self.vmapped:
            return jax.device_put(trials[0])
        return jax.device_put(jax.tree.map(lambda *leaves: np.stack(leaves), *trials))

    def _initial(self, variable: Any, seed: int) -> np.ndarray:
        """Return what `variable` would start from in a model built for the trial seed `seed`."""
        layer, _, kind = variable.path.rpartition("/")
        own = blocks.seed_for(replace(self.factors, seed=seed), layer.split("/")[0])
        if kind == "kernel":
            maker = blocks._INITIALIZERS[self.factors.initializer](seed=own)
            return np.asarray(maker(variable.shape, "float32"))
        if variable.path in self.streams:  # of dropout
            own = blocks.seed_for(replace(self.factors, seed=seed), self.streams[variable.path])
            return np.array([own, 0], "uint32")
        return np.asarray(variable.value)

    def shares(self, first: int, count: int) -> np.ndarray:
        """Return the share (count,) of each trial's rate at the steps from `first` on."""
        return np.asarray(self.course(np.arange(first, first + count)), "float32")

    def step(
        self, state: dict[str, Any], rows: jax.Array, share: jax.Array, images: jax.Array, labels: jax.Array
    ) -> tuple[Any, Any]:
        """Do one step of one trial on the images `rows` (B,); return the new state and the loss."""

        def loss_of(trainable: Any) -> tuple[jax.Array, Any]:
            logits, other = self.model.stateless_call(trainable, state["other"], images[rows], training=True)
            chosen = jnp.take_along_axis(jax.nn.log_softmax(logits), labels[rows][:, None], axis=1)
            return -chosen.mean(), other

        (loss, other), gradients = jax.value_and_grad(loss_of, has_aux=True)(state["trainable"])
        held = list(state["optimizer"])
        held[1] = state["rate"] * share
        trainable, held = self.optimizer.stateless_apply(held, gradients, state["trainable"])
        return {**state, "trainable": trainable, "other": other, "optimizer": held}, loss

    def epoch(
        self, state: dict[str, Any], order: jax.Array, shares: jax.Array, images: jax.Array, labels: jax.Array
    ) -> tuple[Any, Any]:
        """Do the steps of `order` (steps, K, B), or (steps, B) without vmap; return the state and the mean losses."""
        step = partial(self.step, images=images, labels=labels)
        body = jax.vmap(step, in_axes=(0, 0, None)) if self.vmapped else step
        state, losses = jax.lax.scan(lambda carry, now: body(carry, *now), state, (order, shares))
        return state, losses.mean(axis=0)

    def correct(self, state: dict[str, Any], images: jax.Array, labels: jax.Array) -> jax.Array:
        """Tell which of the images (batches, B, ...) each trial names rightly: bool (batches, K, B)."""

        def one(trial: dict[str, Any], batch: jax.Array, truth: jax.Array) -> jax.Array:
            logits, _ = self.model.stateless_call(trial["trainable"], trial["other"], batch, training=False)
            return logits.argmax(axis=1) == truth

        many = jax.vmap(one, in_axes=(0, None, None))
        return jax.lax.map(lambda pair: many(state, *pair), (images, labels))

    def settle(self, state: dict[str, Any], order: jax.Array, images: jax.Array) -> dict[str, Any]:
        """Set the statistics of batch normalisation to their means over the batches of `order` (steps, K, B)."""
        norms = {layer.name: layer for layer in self.model.layers if isinstance(layer, keras.layers.BatchNormalization)}
        places = [
            (index, 1 - norms[variable.path.split("/")[0]].momentum)
            for index, variable in enumerate(self.model.non_trainable_variables)
            if variable.path.split("/")[0] in norms
        ]
        if not places:
            return state

        def one(trial: dict[str, Any], rows: jax.Array) -> list[jax.Array]:
            other = list(trial["other"])
            for index, _ in places:
                other[index] = jnp.zeros_like(other[index])
            _, other = self.model.stateless_call(trial["trainable"], other, images[rows], training=True)
            return [other[index] / weight for index, weight in places]

        def add(total: list[jax.Array], rows: jax.Array) -> tuple[list[jax.Array], None]:
            return [old + new for old, new in zip(total, jax.vmap(one)(state, rows), strict=True)], None

        total, _ = jax.lax.scan(add, [jnp.zeros_like(state["other"][index]) for index, _ in places], order)
        other = list(state["other"])
        for (index, _), value in zip(places, total, strict=True):
            other[index] = value / len(order)
        return {**state, "other": other}


def work_of(model: keras.Model) -> float:
    """Return the floating-point operations that the convolutions of one image's training step cost."""
    total = 0.0
    for index, layer in enumerate(layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)):
        height, width = layer.output.shape[1:3]
        forward = 2.0 * height * width * math.prod(layer.kernel.shape)
        total += forward * (2 if index == 0 else 3)  # nobody asks for the gradient of the images
    return total


# --- measuring


@dataclass
class Bench:
    """The measurements of one call, within its time."""

    deadline: float
    images: int
    batch: int
    steps: int

    def measure(self, network: str, trials: int, way: str, alone: bool = False, tf32: bool = False) -> dict[str, Any]:
        """Train K trials for some steps, after they were compiled; return one row."""
        name, factors = NETWORKS[network]
        row: dict[str, Any] = {"network": network, "K": trials, "way": "alone" if alone else way, "layers": way}
        row["precision"] = "tf32" if tf32 else "float32"
        if time.monotonic() > self.deadline:
            return row | {"not_done": "no time left"}
        try:
            with jax.default_matmul_precision("tensorfloat32" if tf32 else "highest"):
                return row | self._timed(
                    Group(name, factors, tuple(k % 4 for k in range(trials)), 1000, way, not alone), trials, alone
                )
        except Exception as error:  # memory, mostly: the row says it, and the next one goes on
            return row | {"not_done": str(error).splitlines()[0][:200]}

    def _timed(self, group: Group, trials: int, alone: bool) -> dict[str, Any]:
        generator = np.random.default_rng(0)
        shape = (self.images, *group.model.input_shape[1:])
        images = jax.device_put(generator.integers(0, 256, shape, "uint8"))
        labels = jax.device_put(generator.integers(0, CLASSES, self.images, "int32"))
        steps = max(2, self.steps // trials)
        order = generator.integers(0, self.images, (steps, *([] if alone else [trials]), self.batch), "int32")
        started = time.monotonic()
        state = group.start()
        shares = group.shares(0, steps)
        program = jax.jit(group.epoch, donate_argnums=0).lower(state, order, shares, images, labels).compile()
        compiled = time.monotonic() - started
        state, losses = program(state, order, shares, images, labels)
        jax.block_until_ready(losses)
        seconds: list[float] = []
        while len(seconds) < 2 or (sum(seconds) < 1.5 and len(seconds) < 20):
            started = time.perf_counter()
            state, losses = program(state, order, shares, images, labels)
            jax.block_until_ready(losses)
            seconds.append(time.perf_counter() - started)
        speed = steps * trials * self.batch / float(np.median(seconds))
        memory = program.memory_analysis()
        return {
            "images_per_second": speed,
            "spread": (max(seconds) - min(seconds)) / float(np.median(seconds)),
            "convolution_tflops": speed * work_of(group.model) / 1e12,
            "gib": (memory.temp_size_in_bytes + memory.argument_size_in_bytes) / 2**30,
            "compile_seconds": compiled,
            "finite": bool(np.isfinite(np.asarray(losses)).all()),
        }

    def plain(self, network: str) -> dict[str, Any]:
        """Train by `model.fit`, as one writes it."""
        name, factors = NETWORKS[network]
        row: dict[str, Any] = {"network": network, "K": 1, "way": "plain"}
        if time.monotonic() > self.deadline:
            return row | {"not_done": "no time left"}
        with jax.default_matmul_precision("highest"):
            group = Group(name, factors, (0,), 1000, "grouped")
            group.model.compile(
                keras.optimizers.Adam(factors.lr), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
            )
            generator = np.random.default_rng(0)
            count = min(self.images, self.batch * max(2, self.steps // 4))
            images = generator.integers(0, 256, (count, *group.model.input_shape[1:]), "uint8")
            labels = generator.integers(0, CLASSES, count, "int32")
            group.model.fit(images, labels, batch_size=self.batch, verbose=0)
            started = time.perf_counter()
            group.model.fit(images, labels, batch_size=self.batch, verbose=0)
            return row | {"images_per_second": count / (time.perf_counter() - started)}


def run(bench: Bench, sizes: Sequence[int], tell: Callable[[dict[str, Any]], None]) -> None:
    """Measure what the time allows, the most wanted first, and tell each row."""

    def add(row: dict[str, Any]) -> dict[str, Any]:
        tell(row)
        return row

    first, *others = NETWORKS
    middle = sizes[len(sizes) // 2]
    tried = [add(bench.measure(first, middle, way)) for way in WAYS]
    best = max(tried, key=lambda row: row.get("images_per_second", 0.0))["layers"]
    for network in (first, *others):
        for size in sizes:
            if (network, size) != (first, middle):
                add(bench.measure(network, size, best))
        add(bench.measure(network, 1, best, alone=True))
        add(bench.plain(network))
        if network == first:
            add(bench.measure(network, middle, best, tf32=True))


def compare() -> None:
    """Train one trial alone and among others, in each way; print how far its weights are from those of the first."""
    factors = replace(REFERENCE, image_size=(24, 32), dropout=0.3, schedule="cosine", warmup=0.1)
    generator, steps = np.random.default_rng(0), 24
    images = generator.integers(0, 256, (64, 24, 32, 3), "uint8")
    labels = generator.integers(0, CLASSES, 64, "int32")
    orders = {seed: np.random.default_rng(seed).integers(0, 64, (steps, 8), "int32") for seed in range(5)}
    first: list[np.ndarray] = []
    for way in WAYS:
        for seeds in ((2,), (0, 1, 2), (2, 4)):
            alone = len(seeds) == 1
            group = Group("reference", factors, seeds, steps, way, vmapped=not alone)
            order = orders[2] if alone else np.stack([orders[seed] for seed in seeds], axis=1)
            with jax.default_matmul_precision("highest"):
                state, _ = jax.jit(group.epoch)(group.start(), order, group.shares(0, steps), images, labels)
            weights = [np.asarray(value if alone else value[seeds.index(2)]) for value in state["trainable"]]
            first = first or weights
            off = max(float(np.abs(a - b).max()) for a, b in zip(first, weights, strict=True))
            moved = max(float(np.abs(a - b[0]).max()) for a, b in zip(first, _begun(factors), strict=True))
            print(
                f"{way:8} {'alone' if alone else f'among {len(seeds)}':8} {off:.1e} of {moved:.1e} that training moved"
            )


def _begun(factors: Factors) -> list[np.ndarray]:
    return [np.asarray(value) for value in Group("reference", factors, (2,), 1).start()["trainable"]]


def main() -> None:
    """Measure, print one line a row, and write all as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=330, help="no row begins after them (default: %(default)s)")
    parser.add_argument("--out", default="fused.json", help="where the rows go (default: %(default)s)")
    parser.add_argument("--smallest", action="store_true", help="few images, few trials: to try it on a CPU")
    parser.add_argument("--equal", action="store_true", help="compare weights, measure nothing")
    options = parser.parse_args()
    if options.equal:
        compare()
        return
    device = jax.devices()[0]
    small = options.smallest
    bench = Bench(time.monotonic() + options.seconds, 200 if small else 9957, 10 if small else 100, 8 if small else 800)
    print(f"{device.device_kind}, JAX {jax.__version__}, Keras {keras.__version__}", flush=True)

    rows: list[dict[str, Any]] = []

    def tell(row: dict[str, Any]) -> None:
        what = row.get("not_done") or f"{row['images_per_second']:12,.0f} images/s"
        extra = f"{row.get('gib', math.nan):7.2f} GiB {row.get('convolution_tflops', math.nan):6.2f} TFLOP/s"
        extra += f" compiled in {row.get('compile_seconds', math.nan):5.1f} s"
        name = f"{row['network']:24}{row['K']:4} {row['way']:8} {row.get('layers', ''):8} {row.get('precision', ''):8}"
        print(f"{name} {what} {'' if 'not_done' in row else extra}", flush=True)

        rows.append(row)
        found = {"device": device.device_kind, "jax": jax.__version__, "keras": keras.__version__, "rows": rows}
        Path(options.out).write_text(json.dumps(found, indent=1) + "\n")  # row by row: nothing is lost if it is ended

    run(bench, (1, 2) if small else SIZES, tell)


if __name__ == "__main__":
    main()

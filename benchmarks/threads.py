"""Whether a trial's numbers depend on how many threads trained it, on the embedded images.

    python benchmarks/threads.py [--epochs 12] [--threads 1 2] [--model reference compact]

Each line is one trial in a worker of its own; equal hashes are equal predictions, to the last bit.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

from bloodstudy import data
from bloodstudy.config.schema import DataChoice, Factors
from bloodstudy.training import Worker
from bloodstudy.training.assignment import Assignment
from bloodstudy.training.events import Ended
from bloodstudy.training.precision import processor, resolve_precision


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--model", nargs="+", default=["reference", "compact"])
    options = parser.parse_args()
    print(f"processor: {processor()[0]}")
    print("| model | precision | threads | predictions | train loss |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for model in options.model:
            for precision in dict.fromkeys(("float32", resolve_precision("auto"))):
                for threads in options.threads:
                    result = train(Path(folder), model, precision, threads, options.epochs)
                    loss = result.responses["train_loss"]
                    row = [model, precision, str(threads), str(result.prediction_hash), f"{loss:.6f}"]
                    print(f"| {' | '.join(row)} |", flush=True)


def train(folder: Path, model: str, precision: str, threads: int, epochs: int) -> Ended:
    """Train one trial and return its last event."""
    factors = replace(Factors(), precision=precision, epochs=epochs, batch_size=32)
    choice = replace(DataChoice(), photographs=2, copies=10)
    images = data.load(choice, colour=factors.colour, image_size=factors.image_size, cache_dir=folder)
    array = Path(str(images.images.filename))
    worker = Worker(threads)
    try:
        *_, ended = worker.train(Assignment(folder, model, factors, images.classes, array, images.manifest))
    finally:
        worker.close()
    assert isinstance(ended, Ended)
    return ended


if __name__ == "__main__":
    main()

"""How far from what it has learnt a network with batch normalisation measures, epoch by epoch, unless it is settled.

    python benchmarks/settling.py [--epochs 12] [--seed 200] [KEY=VALUE ...]

Trains study=five_questions's reference on the official split of Kaggle (BLOODSTUDY_DATA) and measures accuracy on the
training and test images after each epoch twice: with the statistics as training left them, averages over its last
steps, and with those that bloodstudy.training.precise_batch_norm sets. More keys of the configuration may follow.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import replace

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def main() -> None:
    """Print one row an epoch."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--seed", type=int, default=200, help="of the trial (default: %(default)s)")
    options, typed = parser.parse_known_args()

    import numpy as np

    from bloodstudy import data, model
    from bloodstudy.cli import compose
    from bloodstudy.study import arms
    from bloodstudy.study.question import read_study
    from bloodstudy.training import backend, evaluate, resolve_precision
    from bloodstudy.training.events import EpochTrained, WorkerEvent

    asked = read_study("five_questions").reference | {"data": "kaggle", "seed": options.seed}
    (job,) = compose.check([*(f"{key}={arms.spell(value)}" for key, value in asked.items()), *typed], False).jobs
    factors = replace(job.settings.factors, precision=resolve_precision(job.settings.factors.precision))
    backend.set_up(len(os.sched_getaffinity(0)))
    from bloodstudy.training.batches import Feed
    from bloodstudy.training.fit import fit
    from bloodstudy.training.precise_batch_norm import set_precise_statistics

    loaded = data.load(job.settings.data, colour=factors.colour, image_size=factors.image_size)
    labels, split = (loaded.manifest[name].to_numpy() for name in ("label", "split"))
    one_hot = np.eye(len(loaded.classes), dtype="float32")[labels]
    rows = loaded.rows("train")
    network = model.build(job.settings.model.name, factors, loaded.images.shape[1:], len(loaded.classes))
    feed = Feed(loaded.images, one_hot, rows, factors.batch_size, factors.seed)

    def report(event: WorkerEvent) -> None:
        if not isinstance(event, EpochTrained):
            return
        left, measured = [weight.copy() for weight in network.get_weights()], []
        for settled in (False, True):
            if settled:
                set_precise_statistics(network, feed, int(event.row["epoch"]))
            right = evaluate.predict(network, loaded.images, lambda share: None).argmax(axis=1) == labels
            measured.append([right[split == side].mean() for side in ("train", "test")])
        network.set_weights(left)
        cells = [event.row["fit_accuracy"], *np.transpose(measured).ravel()]
        print(f"| {event.row['epoch']} | " + " | ".join(f"{cell:.3f}" for cell in cells) + " |", flush=True)

    print("| epoch | fit prints | train, as it is | train, settled | test, as it is | test, settled |")
    print("|---:|---:|---:|---:|---:|---:|", flush=True)
    fit(network, replace(factors, epochs=options.epochs), feed, len(rows), report)


if __name__ == "__main__":
    main()

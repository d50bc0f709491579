"""A finished trial, judged anew if scenes became known after it was measured.

In: its folder and its result, and the images with their scenes. Out: the result with the clean test responses, computed
from the stored predictions and published; nothing is trained.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from bloodstudy import data, files
from bloodstudy.data.splits.split import find_clean
from bloodstudy.errors import UserError
from bloodstudy.execution import result_record
from bloodstudy.study import metrics
from bloodstudy.study.outcome import Outcome
from bloodstudy.study.predictions import to_frame
from bloodstudy.study.result import Result
from bloodstudy.study.run_folder import TrialFolder
from bloodstudy.study.trial_files import read_predictions


def judge_again(folder: Path, result: Result, images: data.Dataset) -> Result:
    """Return `result`, with its clean test responses computed if `images` know other scenes than it was judged by.

    They follow from the likeliest class of each image alone, which the stored predictions keep exactly. Raises
    UserError if these are gone and the command asks for the clean responses.
    """
    digest, path = images.provenance.digest, TrialFolder(folder).predictions
    if not images.judges_clean or result.outcome != Outcome.FINISHED or result.data.judged_scenes == digest:
        return result
    stored = read_predictions(TrialFolder(folder))
    if stored is None:
        if images.split == "official":
            return result
        raise UserError(f"{path} is gone, so the trial cannot be judged by scene. Train it again: retry=all")
    table, classes = to_frame(stored), result.data.classes
    scenes = dict(zip(images.manifest["image"], images.manifest["scene"], strict=True))
    table["scene"] = [scenes[image] for image in table["image"]]
    likeliest = table[[f"p_{name}" for name in classes]].to_numpy().argmax(axis=1)
    labels = np.array([classes.index(label) for label in table["label"]])
    split = table["split"].to_numpy()
    measured = metrics.measure_clean(likeliest, labels, split, find_clean(split, table["scene"].to_numpy()), classes)
    kept = {name: value for name, value in result.responses.items() if name not in metrics.CLEAN_RESPONSES}
    audit = result_record.audit(images)
    rescored = replace(
        result,
        responses=kept | measured,
        metrics={},  # those of extensions are measured anew too, by whoever knows these
        data=replace(result.data, judged_scenes=digest, notes=list(images.notes)),
        audit=audit,
        tags={**result.tags, **result_record.tag_audit(audit)},
    )
    with files.published(path) as beside:
        table.to_parquet(beside, compression="zstd", index=False)
        result.write(folder, {path.name: files.hash_file(beside)})
    rescored.write(folder)
    TrialFolder(folder).logged_note.unlink(missing_ok=True)  # what was logged lacks these responses
    return rescored

"""A finished trial, judged anew if scenes became known after it was measured.

In: its folder and its result, and the images with their scenes. Out: the result with the clean test responses, computed
from the stored predictions and published; nothing is trained.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bloodstudy import data, files
from bloodstudy.errors import UserError
from bloodstudy.execution import result_record
from bloodstudy.training.evaluate import CLEAN_RESPONSES, clean_responses


def judge_again(folder: Path, result: dict[str, Any], images: data.Dataset) -> dict[str, Any]:
    """Return `result`, its clean test responses computed anew if `images` know other scenes than it was judged by.

    They follow from the likeliest class of each image alone, which the stored predictions keep exactly. Raises
    UserError if these are gone and the command asks for the clean responses.
    """
    digest, path = images.provenance.digest, folder / "predictions.parquet"
    if not images.judges_clean or result["outcome"] != "finished" or result["data"]["judged_scenes"] == digest:
        return result
    if not path.exists():
        if images.split == "official":
            return result
        raise UserError(f"{path} is gone, so the trial cannot be judged by scene. Train it again: retry=all")
    table, classes = pd.read_parquet(path), result["data"]["classes"]
    scenes = dict(zip(images.manifest["image"], images.manifest["scene"], strict=True))
    table["scene"] = [scenes[image] for image in table["image"]]
    likeliest = table[[f"p_{name}" for name in classes]].to_numpy().argmax(axis=1)
    labels = np.array([classes.index(label) for label in table["label"]])
    measured = clean_responses(likeliest, labels, table["split"].to_numpy(), table["scene"].to_numpy(), len(classes))
    kept = {name: value for name, value in result["responses"].items() if name not in CLEAN_RESPONSES}
    result = result | {
        "responses": kept | measured,
        "data": result["data"] | {"judged_scenes": digest, "notes": list(images.notes)},
        "audit": result_record.audit(images),
        "tags": result["tags"] | result_record.tag_audit(result_record.audit(images)),
    }
    with files.published(path) as beside:
        table.to_parquet(beside, compression="zstd", index=False)
    files.write_json(folder / "result.json", result)
    (folder / "logged.json").unlink(missing_ok=True)  # what was logged lacks these responses
    return result

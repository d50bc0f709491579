"""The images that a report names, found again.

In: the run folder of a study. Out: HTML of the test images that nobody gets right, with their pixels, loaded as the
trials loaded them: the images must be where the study found them, unchanged.
"""

from __future__ import annotations

from pathlib import Path

from bloodstudy import analysis, compose, preparing
from bloodstudy.errors import UserError


def show_missed(runs_dir: Path, study: str) -> str:
    """Return the section of the page; raises UserError where the images are no longer those of the study."""
    from bloodstudy import reporting

    sweep = analysis.read_sweep(runs_dir, study)
    missed = reporting.look_for_missed(analysis.judge_sweep(sweep))
    planned = next((trial for trial in sweep.plan["trials"] if trial["key"] in missed.keys), None)
    if planned is None:
        raise UserError(
            f"images=true: no trial of the study {study!r} has learnt something, so none has missed an image"
        )
    (job,) = compose.check(planned["overrides"], False).jobs
    images = preparing.load_data(job.settings)
    if images.fingerprint != planned["data"]["fingerprint"]:
        raise UserError(
            f"images=true: the study was trained on the fingerprint {planned['data']['fingerprint']}; received "
            f"{images.fingerprint}. Put the images back as they were, or leave images=true out"
        )
    wanted = set(missed.images["image"])
    places = {name: place for place, name in enumerate(images.manifest["image"]) if name in wanted}
    return reporting.render_gallery(missed.images, {name: images.images[place] for name, place in places.items()})

"""python -m bloodstudy.report: write the report of a study, the one planned last if none is named.

In: the run folder. Out: report.md with its figures beside it, in <reports_dir>/<study>. Trains nothing, loads no
TensorFlow and asks no tracking store.
"""

from __future__ import annotations

import sys
from pathlib import Path

from bloodstudy import analysis
from bloodstudy.cli import compose, terminal
from bloodstudy.cli.arguments import find_study, read_keys
from bloodstudy.cli.command import run_command
from bloodstudy.config.extension.known import known
from bloodstudy.config.levels import Rule
from bloodstudy.config.readers import READERS
from bloodstudy.errors import UserError
from bloodstudy.execution import datasets
from bloodstudy.study import run_folder

USAGE = """\
python -m bloodstudy.report [study=NAME] [runs_dir=FOLDER] [reports_dir=FOLDER] [images=true]

Writes the report of a study: <reports_dir>/<study>/report.md with its figures beside it. It reads what
python -m bloodstudy.run left in <runs_dir> and trains nothing. Defaults: the study planned last, runs_dir=runs
reports_dir=reports. A sweep with name=NAME is study=NAME here; sweeps without a name are study=scratch. The report of a
sweep never takes the place of another sweep's: the second goes to scratch-2, and so on

  images=true   write report_with_images.html too. It shows the test images that nobody gets right, so the images must
                be where the study found them. Keep that page out of repositories"""

KEYS = {"images": Rule("true or false", lambda value: value in ("true", "false"))}


def report(arguments: list[str]) -> int:
    """Write the report of a study and print its path; raises UserError for what a report cannot do."""
    typed = read_keys(arguments, USAGE, KEYS)
    location = find_study(typed)
    run_folder.read_plan(location.runs_dir, location.study)  # refused at once if nothing was run: seaborn takes seconds
    images = show_hard_images(location.runs_dir, location.study) if typed.get("images") == "true" else ""
    from bloodstudy import reporting

    reports_dir = Path(location.places.reports_dir)
    terminal.say(str(reporting.write_report(location.runs_dir, reports_dir, location.study, images)))
    return 0


def show_hard_images(runs_dir: Path, study: str) -> str:
    """Return the section of the page; raises UserError if the images are no longer those of the study."""
    from bloodstudy import reporting

    results = analysis.load_study(runs_dir, study)
    hard = reporting.find_hard_images_of(analysis.analyse_study(results))
    planned = next((trial for trial in results.plan.trials if trial.key in hard.keys), None)
    if planned is None:
        raise UserError(
            f"images=true: no trial of the study {study!r} has learnt something, so none has missed an image"
        )
    with known(results.plan.own):
        (job,) = compose.check(list(planned.overrides), False, exempt=READERS).jobs
        images = datasets.load_data(job.settings)
    if images.fingerprint != planned.data["fingerprint"]:
        raise UserError(
            f"images=true: the study was trained on the fingerprint {planned.data['fingerprint']}; received "
            f"{images.fingerprint}. Put the images back as they were, or leave images=true out"
        )
    names = set(hard.images["image"])
    pixels = {name: images.images[row] for row, name in enumerate(images.manifest["image"]) if name in names}
    return reporting.render_gallery(hard.images, pixels)


if __name__ == "__main__":
    sys.exit(run_command(report))

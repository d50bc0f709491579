"""python -m bloodstudy.report: write the report of a study, the one planned last where none is named.

In: the run folder. Out: <reports_dir>/<study>/report.md with its figures beside it. Trains nothing, loads no TensorFlow
and asks no tracking store.
"""

from __future__ import annotations

import sys
from pathlib import Path

from bloodstudy import analysis
from bloodstudy.cli import compose, terminal
from bloodstudy.cli.arguments import find_study, read_keys
from bloodstudy.config.rules import Rule
from bloodstudy.errors import UserError
from bloodstudy.execution import datasets
from bloodstudy.study import run_folder

USAGE = """\
python -m bloodstudy.report [study=NAME] [runs_dir=FOLDER] [reports_dir=FOLDER] [images=true]

Writes the report of a study: <reports_dir>/<study>/report.md with its figures beside it. It reads what
python -m bloodstudy.run left in <runs_dir> and trains nothing. Defaults: the study planned last, runs_dir=runs
reports_dir=reports

  images=true   write report_with_images.html too: the page with the test images that nobody gets right, which report.md
                names. It needs the images where the study found them; keep that page out of repositories"""

KEYS = {"images": Rule("true or false", lambda value: value in ("true", "false"))}


def report(arguments: list[str]) -> int:
    """Write the report of a study and print its path; raises UserError for what a report cannot do."""
    if {"-h", "--help"} & set(arguments):
        terminal.say(USAGE)
        return 0
    typed = read_keys(arguments, USAGE, KEYS)
    stored = find_study(typed)
    run_folder.read_plan(stored.runs_dir, stored.study)  # refused at once where nothing was run: seaborn takes seconds
    more = ""
    if typed.get("images") == "true":
        more = show_missed(stored.runs_dir, stored.study)
    from bloodstudy import reporting

    terminal.say(str(reporting.write_report(stored.runs_dir, Path(stored.places.reports_dir), stored.study, more)))
    return 0


if __name__ == "__main__":
    sys.exit(terminal.run_command(report))


def show_missed(runs_dir: Path, study: str) -> str:
    """Return the section of the page; raises UserError where the images are no longer those of the study."""
    from bloodstudy import reporting

    sweep = analysis.load_study(runs_dir, study)
    missed = reporting.find_hard_images_of(analysis.analyse_study(sweep))
    planned = next((trial for trial in sweep.plan["trials"] if trial["key"] in missed.keys), None)
    if planned is None:
        raise UserError(
            f"images=true: no trial of the study {study!r} has learnt something, so none has missed an image"
        )
    (job,) = compose.check(planned["overrides"], False).jobs
    images = datasets.load_data(job.settings)
    if images.fingerprint != planned["data"]["fingerprint"]:
        raise UserError(
            f"images=true: the study was trained on the fingerprint {planned['data']['fingerprint']}; received "
            f"{images.fingerprint}. Put the images back as they were, or leave images=true out"
        )
    wanted = set(missed.images["image"])
    places = {name: place for place, name in enumerate(images.manifest["image"]) if name in wanted}
    return reporting.render_gallery(missed.images, {name: images.images[place] for name, place in places.items()})

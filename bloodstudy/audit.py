"""python -m bloodstudy.audit: say what is wrong with a data set, before anybody trains on it.

The flow: check what was typed; screen and decode the images, small; look for duplicates, leaks and contradictions;
write <reports_dir>/audit/<data>/audit.md and audit.html. Trains nothing, loads no TensorFlow, asks no tracking store.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from bloodstudy.cli import compose, terminal
from bloodstudy.cli.command import run_command
from bloodstudy.cli.extend import read_extensions
from bloodstudy.config import schema
from bloodstudy.config.extension.known import known
from bloodstudy.errors import UserError

USAGE = """\
python -m bloodstudy.audit [data=NAME] [data.root=FOLDER] [data.split=SPLIT] [fail_on_leak=true]

Says what is wrong with the images: files that cannot be used, exact duplicates, the same cell on both sides of the
split, one cell under two classes, and how many independent photographs the test set is worth. It writes
<reports_dir>/audit/<data>/audit.md with its figures and tables, the same as one page, audit.html, and trains nothing.

  data=smear|kaggle|bccd|folder   which images (default smear); any other key data.* of python -m bloodstudy.run --help
  fail_on_leak=true               exit with 1 if the split leaks, or if nobody can tell
  extend=FILE                     an extension whose images data=NAME names
  reports_dir=FOLDER              where to write (default reports)
  cache_dir=FOLDER                where to keep decoded images"""

KEYS = ("data", "fail_on_leak", "reports_dir", "cache_dir")


def audit(arguments: list[str]) -> int:
    """Write the audit and print its summary; return 1 if fail_on_leak=true and the split leaks, otherwise 0."""
    others, extensions = read_extensions(arguments)
    with known(extensions):
        return _carry_out(read_settings(others), arguments)


def _carry_out(settings: schema.Settings, arguments: list[str]) -> int:
    # Imported only now, with pandas in their train, so that --help and a mistyped key answer at once.
    from bloodstudy.data.quality.brightness import measure_brightness
    from bloodstudy.data.quality.findings import find
    from bloodstudy.data.screening.uninformative import find_uninformative
    from bloodstudy.execution.audit_images import judge_split, list_multi_label, load_audited

    images, random = load_audited(settings.data, settings.places)
    from bloodstudy import reporting  # after the images: seaborn takes seconds, a wrong folder is refused at once

    report = reporting.Audit(
        command=shlex.join(["python", "-m", "bloodstudy.audit", *arguments]),
        notes=images.notes,
        findings=find(images),
        random=find(random),
        brightness=measure_brightness(images),
        uninformative=find_uninformative(images.images, images.manifest["image"].to_list()),
        multi_label=list_multi_label(settings.data, settings.places),
    )
    path = reporting.write_audit(report, Path(settings.places.reports_dir))
    rows = reporting.summarise_audit(report.findings, report.uninformative)
    terminal.print_table(f"{images.name}, {images.split} split", ("", "number"), rows, right=("number",))
    terminal.say(str(path))
    return judge_split(report.findings) if settings.control.fail_on_leak else 0


def read_settings(arguments: list[str]) -> schema.Settings:
    """Return the checked settings; raises UserError with all that an audit cannot use."""
    if options := [argument for argument in arguments if argument.startswith("-")]:
        raise UserError(f"{' '.join(options)}: an audit has no such option. Type: {USAGE.splitlines()[0]}")
    request = compose.check(
        arguments, False, exempt=("fail_on_leak",)
    )  # first: it finds the key that a mistyped one was meant to be
    keys = {argument: argument.split("=")[0] for argument in arguments}
    others = [argument for argument, key in keys.items() if key not in KEYS and not key.startswith("data.")]
    if others:
        raise UserError(
            f"{' '.join(others)}: an audit looks at images and trains nothing, so it takes data keys only; expected "
            f"data=NAME, data.root=FOLDER, another data key, {', '.join(KEYS[1:])}."
        )
    return request.jobs[0].settings


if __name__ == "__main__":
    sys.exit(run_command(audit))

"""The pages of the reference that the code writes: keys, commands, files, and what a folder of conf/ holds.

In: the schema with its rules, the texts of --help, the run folder. Out: Markdown by the name of its page. What a page
says is read from the place that the program itself reads, so that it stands nowhere twice.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterable
from pathlib import Path

import yaml

from bloodstudy import errors
from bloodstudy.config import readers, schema
from bloodstudy.config.rules import RULES
from bloodstudy.study import run_folder

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = ("run", "report", "audit", "status", "verify", "package")
PARTS = {  # heading and the class whose fields are its keys, by prefix
    "Which images": ("data.", schema.DataChoice),
    "Which network": ("model.", schema.ModelChoice),
    "Where files go": ("", schema.Places),
    "What a command does": ("", schema.Control),
}


def write_pages() -> dict[str, str]:
    """Return all generated pages by their names."""
    return {
        "reference/keys.md": write_keys(),
        "reference/commands.md": write_commands(),
        "reference/files.md": write_files(),
    }


def write_keys() -> str:
    """Return the page of the keys that are no factors: what each may be, its default, what it does."""
    text = (ROOT / "conf/config.yaml").read_text(encoding="utf-8")
    said = dict(re.findall(r"^(\w+): [^#\n]*# (.*)$", text, re.MULTILINE))
    lines = [
        "# Keys",
        "",
        "`key=value` on the command line of `python -m bloodstudy.run`; `data.*` also of `python -m bloodstudy.audit`. "
        "A key that nothing reads is refused. The code writes this page.",
        "",
        "What a study varies is in [Factors](../factors.md), with the defaults of each network.",
    ]
    for heading, (prefix, kind) in PARTS.items():
        notes = _comments(kind)
        rows = [
            (
                prefix + name,
                _default(kind, name),
                RULES[prefix + name].expected,
                said.get(name, "") if not prefix else _note(prefix + name, notes),
            )
            for name in kind.__dataclass_fields__
        ]
        lines += ["", f"## {heading}", "", *_table(rows)]
    return "\n".join([*lines, ""])


def _table(rows: Iterable[tuple[str, str, str, str]]) -> list[str]:
    lines = ["| key | default | what it may be | what it does |", "|---|---|---|---|"]
    for key, default, expected, said in rows:
        lines.append(f"| `{key}` | {default} | {expected} | {said} |")
    return lines


def _default(kind: type, name: str) -> str:
    value = kind.__dataclass_fields__[name].default
    value = list(value) if isinstance(value, tuple) else value
    return f"`{yaml.safe_dump(value, default_flow_style=True).splitlines()[0]}`"


def _comments(kind: type) -> dict[str, str]:
    """Return what stands behind each field of a class."""
    return dict(re.findall(r"^    (\w+): [^#\n]*# (.*)$", inspect.getsource(kind), re.MULTILINE))


def _note(key: str, notes: dict[str, str]) -> str:
    """Return what is said of a field, and what reads it."""
    said = notes.get(key.partition(".")[2], "")
    reader = readers.READERS.get(key)
    return "; ".join(part for part in (said, f"read by {reader.named}" if reader else "") if part)


def write_commands() -> str:
    """Return the page of the commands: what each says of itself with --help."""
    lines = ["# Commands", "", "What each command says with `--help`. The code writes this page.", ""]
    for name in COMMANDS:
        module = importlib.import_module(f"bloodstudy.{name}")
        lines += [f"## {name}", "", "```text", getattr(module, "USAGE", "") or _usage_of_run(), "```", ""]
    tree = inspect.getdoc(errors) or ""
    codes = "\n".join(line for line in tree.splitlines() if line.startswith("    "))
    lines += [
        "## Exit codes",
        "",
        "0: all trials finished or are recorded as diverged. 1: some failed, `fail_on_leak=true` found a leak, or "
        "`verify` found a difference. 130 and 143: a signal ended the command. Others:",
        "",
        "```text",
        codes,
        "```",
        "",
    ]
    return "\n".join(lines)


def _usage_of_run() -> str:
    """Return the beginning and the end of run's --help; the keys between them are the page of keys."""
    help_ = yaml.safe_load((ROOT / "conf/config.yaml").read_text(encoding="utf-8"))["hydra"]["help"]
    return f"{help_['header']}\n\n{help_['footer']}"


def write_files() -> str:
    """Return the page of the files that commands write."""
    study = run_folder.StudyFolder(Path("runs/STUDY"))
    trial = study.trial("KEY")
    lines = [
        "# Files",
        "",
        "What commands write where you work. `runs_dir=` names another folder. `STUDY` is the name of a study, `KEY` "
        "the key of a trial. [Reports](../reports.md) has the files of a report. The code writes this page.",
        "",
        "| file | what it is |",
        "|---|---|",
    ]
    for folder in (study, trial):
        for name, member in vars(type(folder)).items():
            if not isinstance(member, property) or name in ("key", "study", "trials"):
                continue
            path = getattr(folder, name)
            named = path.as_posix() if isinstance(path, Path) else f"{folder.path.as_posix()}/{_pattern(member)}"
            lines.append(f"| `{named}` | {' '.join((inspect.getdoc(member) or '').split())} |")
    lines += [
        "| `runs/.hydra/` | what Hydra and its launchers write |",
        "| `mlflow.db`, `mlartifacts/` | MLflow's store. `MLFLOW_TRACKING_URI` names another one |",
    ]
    return "\n".join([*lines, ""])


def _pattern(member: property) -> str:
    found = re.search(r'glob\("([^"]+)"\)', inspect.getsource(member.fget))
    return found[1] if found else ""


def list_folder(folder: Path) -> str:
    """Return a page of a folder that has no README.md: its pages by their titles, its YAML files as they stand."""
    name = folder.relative_to(ROOT).as_posix()
    lines = [f"# {name.removeprefix('docs/').capitalize() if name.startswith('docs/') else name}", ""]
    for path in sorted(folder.iterdir()):
        if path.suffix == ".md":
            title = path.read_text(encoding="utf-8").split("\n", 1)[0].removeprefix("# ")
            lines.append(f"- [{title}]({path.name})")
        elif path.suffix == ".yaml":
            lines += [f"## {path.stem}", "", "```yaml", path.read_text(encoding="utf-8").strip(), "```", ""]
    return "\n".join([*lines, ""])

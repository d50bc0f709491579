"""What mkdocs does beside docs/: pages outside that folder that ours link to, and pages that the code writes.

In: the pages of docs/, README.md, CONTRIBUTING.md and CHANGELOG.md. Out: these pages, and each file of the repository
that one of them links to, page after page. Links are written for the code host, relative to the file that holds them.
Here each becomes a link within the site. A folder leads to its README.md, or to a list of what is in it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath

import docs_reference
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
BEGIN = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
LINK = re.compile(r"(?<=\]\()([^)\s#]+)(?=[)#])")
FENCE = re.compile(r"^ *```")
ITEM = re.compile(r"^ {0,3}(?:[-*]|\d+\.) ")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that the code writes, and what pages link to outside docs/."""
    for uri, content in docs_reference.write_pages().items():
        files.append(File.generated(config, uri, content=content))
    waiting = [f"docs/{file.src_uri}" for file in files.documentation_pages() if file.abs_src_path] + list(BEGIN)
    seen = set(waiting)
    while waiting:
        path = waiting.pop()
        text = _add(path, files, config)
        for link in LINK.findall(_without_code(text)):
            target = find_target(path, link)
            if target and target not in seen:
                seen.add(target)
                waiting.append(target)
    return files


def _add(path: str, files: Files, config: MkDocsConfig) -> str:
    """Make a file of the repository part of the site; return its text if it is a page."""
    uri, source = name_page(path), ROOT / path
    if source.is_dir():
        text = docs_reference.list_folder(source)
        files.append(File.generated(config, uri, content=text))
        return ""
    if files.get_file_from_path(uri) is None:
        files.append(File.generated(config, uri, abs_src_path=str(source)))
    return source.read_text(encoding="utf-8") if path.endswith(".md") else ""


def find_target(page: str, link: str) -> str | None:
    """Return the path in the repository that a link of a page leads to; None if it leads out of it or to nothing."""
    if re.match(r"[a-z]+:|/", link):
        return None
    path = os.path.normpath(PurePosixPath(page).parent / link)
    if (ROOT / path / "README.md").is_file():
        path = os.path.join(path, "README.md")  # noqa: PTH118 - a path of the site, not of this machine
    return path if not path.startswith("..") and (ROOT / path).exists() else None


def name_page(path: str) -> str:
    """Return the name that mkdocs knows a path of the repository by."""
    uri = path.removeprefix("docs/")
    if (ROOT / path).is_dir():
        return f"{uri}/index.md"
    return "index.md" if path == "README.md" else uri


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn links into those of the site, and write what CommonMark reads and Python-Markdown does not."""
    path = _path_of(page.file)
    if path == "README.md":
        page.meta["hide"] = ["navigation"]  # it stands alone

    def turn(match: re.Match[str]) -> str:
        target = find_target(path, match[1])
        if target is None:
            return match[1]
        return os.path.relpath(name_page(target), PurePosixPath(page.file.src_uri).parent)

    lines, inside, before = [], False, ""
    for line in markdown.replace("<details>", '<details markdown="1">').split("\n"):
        fence = FENCE.match(line) is not None
        if not inside:
            line = LINK.sub(turn, line)  # noqa: PLW2901
            if before.strip() and _begins(line, before, fence):
                lines.append("")
        inside ^= fence
        lines.append(line)
        before = "" if fence and not inside else line
        if fence and not inside:
            lines.append("")
    return "\n".join(lines)


def _begins(line: str, before: str, fence: bool) -> bool:
    """Tell whether a table, a list or a block of code begins here, right below another paragraph."""
    if line.startswith("|"):
        return not before.startswith("|")
    if ITEM.match(line):
        return not ITEM.match(before) and not before.startswith("  ")
    return fence


def _without_code(text: str) -> str:
    return re.sub(r"^ *```.*?^ *```", "", text, flags=re.DOTALL | re.MULTILINE)


def _path_of(file: File) -> str:
    if file.src_uri == "index.md":
        return "README.md"
    return file.src_uri if (ROOT / file.src_uri).exists() else f"docs/{file.src_uri}"

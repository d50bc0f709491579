"""Text that others wrote, made visible: whatever it holds is shown, and does nothing.

In: the names of files, classes, arms, and messages. Out: the same with a box for each character that does not print:
escape sequences of terminals, line breaks, marks that turn the direction of writing, halves of characters. It is called
where a line is printed and where a cell is written, so that nobody has to think of it elsewhere.
"""

from __future__ import annotations

BOX = "\N{REPLACEMENT CHARACTER}"  # marks of claims are shown by it too


def show(text: object) -> str:
    """Return `text` with its blanks as they are and a box for each character that does not print."""
    return "".join(character if character.isprintable() else BOX for character in str(text))


def visible(text: object) -> str:
    """Return `text` on one line, white space collapsed and a box for each character that does not print."""
    return show(" ".join(str(text).split()))


def show_cell(value: object) -> object:
    """Return a value for a table of other programs: text shown, and none that a spreadsheet takes for a formula."""
    if not isinstance(value, str):
        return value
    line = show(value)
    return f"'{line}" if line.startswith(("=", "+", "-", "@")) else line

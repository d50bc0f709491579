"""bloodstudy: ablation studies of blood-cell image classifiers.

A *trial* trains one *arm* (one combination of levels) in one *block* (split and seed); a *question* compares arms with
a *reference*; a *study* is a list of questions on one data set. `docs/glossary.md` has all the words.
CONTRIBUTING.md draws the rooms of the package; each imports only what stands below it.
"""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent  # what lies beside the code is found from here
__version__ = "0.1.0"

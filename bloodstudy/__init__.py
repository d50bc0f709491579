"""bloodstudy: ablation studies of blood-cell image classifiers.

A *trial* trains one *arm* (one combination of levels) in one *block* (split and seed); a *question* compares arms with
a *reference*; a *study* is a list of questions on one data set. `docs/glossary.md` has all the words.
Data flows one way: config -> design -> data -> model -> training -> tracking -> analysis -> reporting.
"""

__version__ = "0.1.0"

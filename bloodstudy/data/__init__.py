"""The data stage: from a choice of images to one screened, decoded, memory-mapped array and its manifest.

`load` is all that other stages call, and `screen` where the same images are divided in many ways. In:
`bloodstudy.config.schema.DataChoice`, a colour and a size. Out: a `Dataset`. Sources (`kaggle`, `bccd`, `folder`,
`smear`) list files; `screening` reads and decodes each once and keeps both.
"""

from bloodstudy.data.dataset import Dataset, Undivided, load, screen

__all__ = ["Dataset", "Undivided", "load", "screen"]

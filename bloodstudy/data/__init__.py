"""The data stage: from a choice of images to one screened, decoded, memory-mapped array and its manifest.

`load` is all that other stages call. In: `bloodstudy.config.schema.DataChoice`, a colour and a size. Out: a `Dataset`.
Sources (`kaggle`, `bccd`, `folder`, `smear`) list files; `screen` reads and decodes each once; `cache` keeps both.
"""

from bloodstudy.data.dataset import Dataset, load

__all__ = ["Dataset", "load"]

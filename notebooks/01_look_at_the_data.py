# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Look at the data
#
# What a classifier is shown, before anything is trained. It reads `smear`, the synthetic images that come with
# bloodstudy; for the real ones write `DataChoice(name="kaggle", root="/where/they/are")` (in the environment variable
# `BLOODSTUDY_DATA`, no `root` is needed).

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns

from bloodstudy.config.schema import DataChoice
from bloodstudy.data import load

images = load(DataChoice(name="smear"), colour="rgb", image_size=(120, 160))
table = images.manifest.assign(label=[images.classes[label] for label in images.manifest["label"]])
print(f"{len(table):,} images, {images.split} split, fingerprint {images.fingerprint}")

# %% [markdown]
# ## How many, and from how many photographs
# Copies of one photograph are no further evidence: what counts is the second table.

# %%
pd.crosstab(table["label"], table["split"], margins=True)

# %%
table.groupby(["label", "split"])["photograph"].nunique().unstack()

# %% [markdown]
# ## What they look like
# One row a class; in each three copies of one training photograph, then three test images.

# %%
rng = np.random.default_rng(0)
figure, panels = plt.subplots(len(images.classes), 6, figsize=(10, 5.4), layout="constrained")
for row, name in zip(panels, images.classes, strict=True):
    own = table[table["label"] == name]
    train, test = own[own["split"] == "train"], own[own["split"] == "test"]
    copies = train[train["photograph"] == rng.choice(train["photograph"].unique())]
    shown = [*rng.choice(copies.index, 3, replace=False), *rng.choice(test.index, 3, replace=False)]
    for axes, position in zip(row, shown, strict=True):
        axes.imshow(images.images[position])
        axes.set_title(table.loc[position, "split"], fontsize=8)
        axes.set_xticks([])
        axes.set_yticks([])
    row[0].set_ylabel(name, fontsize=8)

# %% [markdown]
# ## Do colours alone tell the classes?
# Then a network would have to learn nothing about shape. The mean colour of each image:

# %%
colours = pd.DataFrame(images.images.reshape(len(table), -1, 3).mean(axis=1), columns=["red", "green", "blue"])
long = colours.assign(label=table["label"].to_numpy()).melt("label", var_name="channel", value_name="mean")
axes = sns.boxplot(long, x="channel", y="mean", hue="label", palette="colorblind", fliersize=2)
sns.move_legend(axes, "upper left", bbox_to_anchor=(1, 1), frameon=False)

# %% [markdown]
# What is wrong with a data set (unreadable files, duplicates, the same cell on both sides of a split) is told by
# `python -m bloodstudy.audit data=smear`.

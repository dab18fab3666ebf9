# ---
# jupyter:
#   jupytext:
#     formats: py:percent
#   kernelspec:
#     display_name: Python 3
#     name: python3
# ---

# %% [markdown]
# # Why masking works
#
# Masking hides parts of the input while a model learns. This page shows, on small real data and in a minute, what that
# does: first exactly (for a linear model it can be worked out on paper), then on a small network. It also shows where
# masking does **not** help. Every number on the page is computed on the page.
#
# Open it in Jupyter with the jupytext extension, or turn it into a notebook: `jupytext --to ipynb why_masking_works.py`.

# %%
import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_diabetes, load_digits

import maskwright as mw

torch.set_num_threads(1)

# %% [markdown]
# ## 1. The one formula
#
# `x_masked = where(mask, fill, x)`. *Where* (the pattern), *how many* (the budget) and *with what* (the fill) are three
# separate choices. The mask of an example depends on the seed, the epoch and the example's id and on nothing else, so
# you can look at it as often as you like.

# %%
digits = load_digits()
images = (digits.images / 16).astype(np.float32)
labels = digits.target.astype(np.int64)
grid = mw.Grid(row=8, col=8)

figure, axes = plt.subplots(2, 4, figsize=(8, 4.2), layout="constrained")
for column, pattern in enumerate(["iid", "block", {"tied": {"pattern": "iid", "axis": "row"}}, "grid"]):
    for row, fill in enumerate(["zero", "mean"]):
        masking = mw.Masking(pattern=pattern, budget=0.5, fill=fill)
        hidden = masking(images[:1], grid=grid, example_ids=[0])
        axes[row, column].imshow(hidden.inputs[0], cmap="gray_r", vmin=0, vmax=1)
        name = pattern if isinstance(pattern, str) else "tied: iid"
        axes[row, column].set_title(f"{name}, {fill}", fontsize=9)
        axes[row, column].axis("off")

# %% [markdown]
# ## 2. What it does, exactly
#
# Take linear regression and hide each feature with probability $p$ (put 0). Averaged over all masks the squared error is
#
# $$E_M\|y - (X\circ M)w\|^2 = \|y - (1-p)Xw\|^2 + p(1-p)\sum_j (X^\top X)_{jj}\, w_j^2$$
#
# which is the error on whole inputs plus a **penalty on every weight**: nothing may be relied on too much. Here are both
# sides for the diabetes data, the left one with masks that are really drawn.

# %%
X, y = load_diabetes(return_X_y=True)
X = (X - X.mean(0)) / X.std(0)
y = (y - y.mean()) / y.std()
n, d = X.shape
p = 0.4
rng = np.random.default_rng(0)
w = rng.normal(size=d) / 4

masking = mw.Masking(pattern="iid", budget=mw.Bernoulli(p), fill="zero")
drawn = []
for epoch in range(400):
    masked = masking(X, grid=mw.Grid(feature=d), example_ids=np.arange(n), epoch=epoch).inputs
    drawn.append(np.mean((y - masked @ w) ** 2))
paper = np.mean((y - (1 - p) * X @ w) ** 2) + p * (1 - p) * np.sum((X**2).mean(0) * w**2)
error = np.std(drawn) / np.sqrt(len(drawn))
print(f"drawn {np.mean(drawn):.4f} ± {2 * error:.4f}, on paper {paper:.4f}")
assert abs(np.mean(drawn) - paper) < 4 * error

# %% [markdown]
# The best weights under masking follow in closed form (it is ridge regression with a known strength). As $p$ grows, the
# weights of features that say nearly the same are shared out between them; without masking two of them are large and
# opposite, and cancel:

# %%
gram, target = X.T @ X, X.T @ y
ratios = np.linspace(0, 0.9, 46)
paths = np.array(
    [np.linalg.solve((1 - r) ** 2 * gram + r * (1 - r) * np.diag(np.diag(gram)), (1 - r) * target) for r in ratios]
)
names = load_diabetes().feature_names
figure, axis = plt.subplots(figsize=(6.5, 3.4), layout="constrained")
for feature in range(d):
    strong = names[feature] in ("s1", "s2")
    axis.plot(
        ratios,
        paths[:, feature],
        lw=2 if strong else 0.8,
        color=None if strong else "0.7",
        label=f"{names[feature]} (correlated)" if strong else None,
    )
axis.axhline(0, color="k", lw=0.5)
axis.set(xlabel="ratio hidden while learning", ylabel="weight")
axis.legend()
print("s1, s2 without masking:", paths[0, [4, 5]].round(2), " with a ratio of 0.3:", paths[15, [4, 5]].round(2))

# %% [markdown]
# ## 3. A network, parts missing
#
# Now a small network on the digits. One is trained on whole images, its *twin* on images with a share hidden that is
# drawn anew for every image from U(0, 0.8). Then both are asked about images with more and more hidden. Three seeds.

# %%
train, test = np.arange(0, 900), np.arange(900, len(images))


def fit(masking, inputs, channels, seed, steps=600):
    """A two-layer network on masked images; `inputs` are [N, 8, 8]."""
    torch.manual_seed(seed)
    model = torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.Linear(64 * channels, 128), torch.nn.ReLU(), torch.nn.Linear(128, 10)
    )
    optimiser = torch.optim.Adam(model.parameters(), lr=2e-3)
    order = np.random.default_rng(seed)
    for step in range(steps):
        rows = order.choice(train, 64, replace=False)
        batch = prepared(masking, inputs[rows], rows, seed=seed, epoch=step, channels=channels)
        loss = torch.nn.functional.cross_entropy(model(batch), torch.from_numpy(labels[rows]))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return model


def prepared(masking, x, rows, *, seed, epoch, channels):
    """The masked images as a tensor; with two channels the second one says what is hidden."""
    if masking is None:
        out = x[..., None]
        return torch.from_numpy(out if channels == 1 else np.concatenate([out, np.zeros_like(out)], axis=-1))
    hidden = masking(x[..., None], grid=grid, example_ids=rows, seed=seed, epoch=epoch)
    return torch.from_numpy(np.ascontiguousarray(hidden.inputs))


def accuracy(model, inputs, masking, channels, seed=99):
    with torch.no_grad():
        batch = prepared(masking, inputs[test], test, seed=seed, epoch=0, channels=channels)
        return float((model(batch).argmax(1).numpy() == labels[test]).mean() * 100)


def hide(ratio, fill):
    return None if ratio == 0 else mw.Masking(pattern="iid", budget=mw.Ratio(ratio), fill=fill)


fills = {"zero": ("zero", 1), "zero + indicator": ({"indicator": "zero"}, 2)}
moving = mw.Uniform(0.0, 0.8)
asked = [0, 0.25, 0.5, 0.75]
curves, trained = {}, {}
for name, (fill, channels) in fills.items():
    for kind in ("whole", "masked"):
        masking = mw.Masking(pattern="iid", budget=moving, fill=fill) if kind == "masked" else None
        models = trained[kind, name] = [fit(masking, images, channels, seed) for seed in range(3)]
        curves[kind, name] = np.array([[accuracy(m, images, hide(r, fill), channels) for r in asked] for m in models])

figure, axis = plt.subplots(figsize=(6.5, 3.6), layout="constrained")
for (kind, name), values in curves.items():
    axis.errorbar(
        asked,
        values.mean(0),
        yerr=values.std(0),
        marker="o",
        capsize=3,
        label=f"trained on {kind}, {name}",
        linestyle="-" if kind == "masked" else "--",
    )
axis.set(xlabel="share of the image hidden", ylabel="accuracy, %")
axis.legend()
for (kind, name), values in curves.items():
    print(
        f"trained on {kind:6} {name:17}",
        "  ".join(f"{r:.0%}: {v:.1f}" for r, v in zip(asked, values.mean(0), strict=True)),
    )

# %% [markdown]
# Two things to see. Training on masked images costs a little on whole ones and buys a lot when parts are missing. And
# **the fill matters as much as the masking**: a zero is also what black paper looks like, so a model that is *told* what
# was hidden (an extra channel) does better than one that has to guess.

# %% [markdown]
# ## 4. A shortcut
#
# Give the training images a shortcut: the first row of pixels spells out the label. A model that looks at nothing else
# gets everything right, until the shortcut is gone.


# %%
def with_shortcut(inputs, which):
    out = inputs.copy()
    out[:, 0] = 0
    out[np.arange(len(out)), 0, which % 8] = 1.0 + (which >= 8)
    return out


liar = np.random.default_rng(5).integers(0, 10, len(labels))
spelled, swapped = with_shortcut(images, labels), with_shortcut(images, liar)
removed = images.copy()
removed[:, 0] = 0

maskings = {
    "whole": None,
    "masked, single cells": mw.Masking(pattern="iid", budget=moving, fill={"indicator": "zero"}),
    "masked, whole rows": mw.Masking(
        pattern={"tied": {"pattern": "iid", "axis": "col"}}, budget=moving, fill={"indicator": "zero"}
    ),
}
for name, masking in maskings.items():
    models = [fit(masking, spelled, 2, seed) for seed in range(3)]
    row = [np.mean([accuracy(m, x, None, 2) for m in models]) for x in (spelled, removed, swapped)]
    print(f"trained on {name:21} shortcut there {row[0]:5.1f}   removed {row[1]:5.1f}   lying {row[2]:5.1f}")

# %% [markdown]
# Masking made the model learn the rest as well, so that it survives when the shortcut is **removed**. Here it even helps
# when the shortcut **lies**, because a shortcut that is often hidden is relied on less; but a fair share of the lies is
# still believed: masking teaches to do without a part, not to distrust it. On other data that share is all of them
# (docs/log.md). Which pattern is best depends on the shortcut. This one is a single pixel, which hiding single cells takes
# away as well as hiding rows does. Where a shortcut stands in several places, as a word that occurs twice in a text,
# hiding single cells nearly always leaves a copy; then hide all places at once: the unit `type` for text, `tied` for grids.
#
# ## 5. Where it does not help
#
# Masking makes a model robust against what it practised: parts that are *missing*. It is no protection against parts
# that are *wrong*, such as noise on every pixel; on these digits it even does harm.

# %%
noisy = images + np.random.default_rng(1).normal(0, 0.4, images.shape).astype(np.float32)
for kind in ("whole", "masked"):
    values = [accuracy(m, noisy, None, 1) for m in trained[kind, "zero"]]
    print(f"trained on {kind:6} accuracy on noisy images {np.mean(values):.1f} ± {np.std(values):.1f}")

# %% [markdown]
# Say "robust against missing parts" when you have tested that, and test noise with noise. `maskwright evaluate` measures
# a text classifier on masked texts and on variants of the texts that you give it, against a twin trained without masking,
# with intervals.

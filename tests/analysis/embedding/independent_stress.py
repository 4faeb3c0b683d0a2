"""Judges embeddings that the program wrote: stress-1 and Shepard correlation stated independently,
and whether any of many random starts of an independent majorization finds a clearly better one.

Usage: independent_stress.py DIRECTORY; it holds distances_<name>.npy, points_<name>.npy and
found_<name>.npy (stress-1, Shepard correlation).
"""
import pathlib
import sys

import numpy as np
from scipy.spatial.distance import pdist, squareform
from scipy.stats import spearmanr


def stress1(delta, points):
    d = pdist(points)
    return np.sqrt(np.sum((delta - d) ** 2) / np.sum(d**2))


def majorized(distances, dims, rng):
    """SMACOF from a random start, as matrices."""
    n = len(distances)
    x = rng.randn(n, dims) * distances.mean()
    for _ in range(500):
        d = squareform(pdist(x))
        np.fill_diagonal(d, 1)
        b = -distances / d
        np.fill_diagonal(b, 0)
        np.fill_diagonal(b, -b.sum(axis=1))
        x = b @ x / n
    return x


folder = pathlib.Path(sys.argv[1])
names = sorted(p.stem[len("points_"):] for p in folder.glob("points_*.npy"))
assert names, "nothing to judge"
rng = np.random.RandomState(3)
for name in names:
    distances = np.load(folder / f"distances_{name}.npy")
    points = np.load(folder / f"points_{name}.npy")
    found = np.load(folder / f"found_{name}.npy").ravel()
    delta = squareform(distances, checks=False)
    expected = [stress1(delta, points), spearmanr(delta, pdist(points)).correlation]
    assert np.allclose(found, expected, atol=1e-10), (name, found, expected)
    best = min(stress1(delta, majorized(distances, points.shape[1], rng)) for _ in range(20))
    print(f"{name}: stress-1 {found[0]:.6f}, best of 20 random starts {best:.6f}")
    assert found[0] <= 1.05 * best + 1e-6, name

"""Silhouette, neighbours and PERMANOVA, stated independently: loops, and the projection form of
PERMANOVA (McArdle and Anderson 2001) instead of sums over pairs. The permutation p-value is
compared as a proportion.

Usage: independent_separation.py DIRECTORY; it holds <name>_distances.npy, <name>_codes.npy (labels
and configurations as columns) and <name>_found.npy (silhouette, accuracy, chance, F, R², p).
"""
import pathlib
import sys

import numpy as np


def silhouette(d, labels):
    scores = []
    for i in range(len(d)):
        same = [d[i, j] for j in range(len(d)) if labels[j] == labels[i] and j != i]
        if not same:
            scores.append(0.0)
            continue
        a = np.mean(same)
        b = min(np.mean(d[i, labels == g]) for g in set(labels) - {labels[i]})
        scores.append((b - a) / max(a, b))
    return np.mean(scores)


def permanova(d, labels):
    n = len(d)
    groups = sorted(set(labels))
    h = np.stack([labels == g for g in groups], axis=1).astype(float)
    j = np.eye(n) - 1 / n
    g = j @ (-0.5 * d**2) @ j
    hat = h @ np.linalg.inv(h.T @ h) @ h.T
    between = np.trace(hat @ g @ hat)
    within = np.trace((np.eye(n) - hat) @ g @ (np.eye(n) - hat))
    return (between / (len(groups) - 1)) / (within / (n - len(groups))), between / np.trace(g)


def expected(d, labels, configuration, rng):
    n = len(d)
    blank = d + np.diag([np.inf] * n)
    accuracy = np.mean(labels[np.argmin(blank, axis=1)] == labels)
    chance = np.mean([(np.sum(labels == label) - 1) / (n - 1) for label in labels])
    f, r2 = permanova(d, labels)
    names, first, inverse = np.unique(configuration, return_index=True, return_inverse=True)
    of_configuration = labels[first]
    permuted = [permanova(d, rng.permutation(of_configuration)[inverse])[0] for _ in range(2000)]
    return [silhouette(d, labels), accuracy, chance, f, r2, np.mean(np.array(permuted) >= f - 1e-9)]


folder = pathlib.Path(sys.argv[1])
names = sorted(p.name[:-len("_found.npy")] for p in folder.glob("*_found.npy"))
assert names, "nothing to judge"
for name in names:
    d = np.load(folder / f"{name}_distances.npy")
    labels, configuration = np.load(folder / f"{name}_codes.npy").astype(int).T
    found = np.load(folder / f"{name}_found.npy").ravel()
    wanted = expected(d, labels, configuration, np.random.RandomState(0))
    print(name, found, wanted)
    assert np.allclose(found[:5], wanted[:5], rtol=1e-9, atol=1e-12), name
    assert abs(found[5] - wanted[5]) < 0.06, name

"""The distances, stated independently in NumPy (kernels and full SVDs, no shortcut).

Usage: independent_distances.py write DIRECTORY   inputs for the program
       independent_distances.py check DIRECTORY   compares distances.csv, written by the program
"""
import pathlib
import sys

import numpy as np

TOLERANCE = 1e-5


def inputs():
    """Pairs of representations: random, rank-deficient, tiny, of different sizes, float32."""
    rng = np.random.RandomState(7)
    x = rng.randn(200, 12)
    yield "random", x, rng.randn(200, 12)
    yield "related", x, x @ rng.randn(12, 12) + rng.randn(200, 12)
    yield "sizes", rng.randn(150, 5), rng.randn(150, 40)
    low = rng.randn(120, 3) @ rng.randn(3, 20)
    yield "rank_deficient", low, low[:, :7] + 0.1 * rng.randn(120, 1)
    yield "duplicates", np.hstack([x, x, x[:, :1]]), x + 0.3 * rng.randn(200, 12)
    yield "constant_units", np.hstack([x, np.full((200, 3), 0.1)]), x + rng.randn(200, 12)
    yield "tiny_values", 1e-9 * x, 1e-7 * (x + rng.randn(200, 12))
    yield "offset", x + 1000.0, x + rng.randn(200, 12) - 50.0
    yield "few_samples", rng.randn(10, 30), rng.randn(10, 25)
    yield "five_samples", rng.randn(5, 3), rng.randn(5, 8)
    yield "three_samples", rng.randn(3, 4), rng.randn(3, 6)
    yield "same", x, x
    wide = rng.randn(20, 2000)
    yield "wide", wide, wide + rng.randn(20, 2000)
    yield "copy", x, 2 * x @ np.linalg.qr(rng.randn(12, 12))[0] + 5
    decay = np.exp(-np.arange(30.0))
    yield "steep", rng.randn(300, 30) * decay, rng.randn(300, 30) * decay[::-1]
    z = rng.randn(400, 64) @ np.diag(0.8 ** np.arange(64)) @ rng.randn(64, 64)
    yield "single", z.astype(np.float32), np.tanh(z + rng.randn(400, 64)).astype(np.float32)


def centred(x):
    x = np.asarray(x, dtype=np.float64)
    out = x - x.mean(axis=0)
    out[:, np.ptp(x, axis=0) == 0] = 0
    return out


def components(x):
    """U and S of the centred data, to its numerical rank."""
    x = centred(x)
    u, s, _ = np.linalg.svd(x, full_matrices=False)
    rank = int(np.sum(s > s[0] * max(x.shape) * np.finfo(float).eps))
    return u[:, :rank], s[:rank]


def svcca(x, y, variance=1.0, count=None):
    bases = []
    for u, s in (components(x), components(y)):
        share = np.cumsum(s**2) / np.sum(s**2)
        k = count or (len(s) if variance >= 1 else int(np.argmax(share >= variance)) + 1)
        bases.append(u[:, :k])
    rho = np.linalg.svd(bases[0].T @ bases[1], compute_uv=False)
    return 1 - np.mean(rho)


def hsic(k, l):
    n = len(k)
    h = np.eye(n) - 1 / n
    return np.trace(k @ h @ l @ h)


def unbiased_hsic(k, l):
    """Song et al. 2012, equation 5, times n (n - 3)."""
    n = len(k)
    k, l = k - np.diag(np.diag(k)), l - np.diag(np.diag(l))
    one = np.ones(n)
    return (np.trace(k @ l) + (one @ k @ one) * (one @ l @ one) / ((n - 1) * (n - 2))
            - 2 / (n - 2) * (one @ k @ l @ one))


def debiased(x, y):
    # Of three samples there is no such estimate.
    return -1 if len(x) < 4 else 1 - cka(x, y, unbiased_hsic)


def cka(x, y, estimate):
    # Scaled, since the squares of squares of tiny numbers are denormal; CKA is blind to it.
    k, l = (m @ m.T / np.sum(m**2) for m in (centred(x), centred(y)))
    return estimate(k, l) / np.sqrt(estimate(k, k) * estimate(l, l))


def procrustes(x, y):
    x, y = centred(x), centred(y)
    nuclear = np.sum(np.linalg.svd(x.T @ y, compute_uv=False))
    return np.arccos(np.clip(nuclear / (np.linalg.norm(x) * np.linalg.norm(y)), 0, 1))


def shape_distance(x, y, alpha):
    """netrep's angular distance after whitening to the degree 1 - alpha."""
    shapes = []
    for u, s in (components(x), components(y)):
        weight = alpha * s / np.sqrt(np.mean(s**2)) + 1 - alpha
        shapes.append(u * weight / np.linalg.norm(weight))
    nuclear = np.sum(np.linalg.svd(shapes[0].T @ shapes[1], compute_uv=False))
    return np.arccos(np.clip(nuclear, 0, 1))


def euclidean(x, y):
    """min over orthogonal Q of |X - YQ|, by the rotation itself."""
    x, y = centred(x), centred(y)
    width = max(x.shape[1], y.shape[1])
    x, y = (np.pad(m, ((0, 0), (0, width - m.shape[1]))) for m in (x, y))
    u, _, v = np.linalg.svd(y.T @ x)
    return np.linalg.norm(x - y @ (u @ v))


def expected(x, y):
    return [svcca(x, y, 0.95), svcca(x, y, 0.999999999), 1 - cka(x, y, hsic), debiased(x, y),
            np.arccos(min(1, cka(x, y, hsic))), procrustes(x, y), svcca(x, y),
            svcca(x, y, count=2), shape_distance(x, y, 0), shape_distance(x, y, 0.5),
            euclidean(x, y)]


def main(mode, folder):
    if mode == "write":
        with open(folder / "cases.txt", "w") as cases:
            for name, x, y in inputs():
                np.save(folder / f"{name}_x.npy", np.ascontiguousarray(x))
                np.save(folder / f"{name}_y.npy", np.ascontiguousarray(y))
                print(name, file=cases)
        return 0
    with open(folder / "distances.csv") as file:
        found = {line.split(",")[0]: np.array(line.split(",")[1:], dtype=float) for line in file}
    wrong = 0
    for name, x, y in inputs():
        # The Euclidean distance keeps the units of x: relative to the sizes of both.
        size = np.ones(11)
        size[-1] = max(1, np.linalg.norm(centred(x)) + np.linalg.norm(centred(y)))
        difference = np.abs(found.pop(name) - expected(x, y)) / size
        if not np.all(difference < TOLERANCE):
            print(f"{name}: expected {expected(x, y)}, off by {difference}")
            wrong += 1
    assert not found, f"unknown cases: {list(found)}"
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], pathlib.Path(sys.argv[2])))

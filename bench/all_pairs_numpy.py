"""What a loop over pairs in NumPy takes, for bench_all_pairs.

Usage: all_pairs_numpy.py FOLDER   holding states_0.npy, states_1.npy, … (samples x units)

Prints one line: version, GFLOP/s of a large product in float32, then seconds a pair of SVCCA, CKA
and Procrustes from factors that are computed before the clock starts, then of SVCCA and CKA from
the states, as google/svcca and the usual snippets compute them.
"""
import itertools
import pathlib
import sys
import time

import numpy as np

SECONDS = 2.0  # of each measurement, at least


def timed(function, pairs):
    """Seconds a pair, over at least one pass and SECONDS."""
    done, start = 0, time.perf_counter()
    for pair in itertools.cycle(pairs):
        function(*pair)
        done += 1
        spent = time.perf_counter() - start
        if done >= len(pairs) and spent >= SECONDS or spent >= 10 * SECONDS:
            return spent / done


def gemm():
    n = 3072
    a, b = (np.random.rand(n, n).astype(np.float32) for _ in range(2))
    a @ b
    best = min(timed(lambda: a @ b, [()]) for _ in range(2))
    return 2e-9 * n**3 / best


def left_vectors(x):
    u, s, _ = np.linalg.svd(x, full_matrices=False)
    share = np.cumsum(s**2) / np.sum(s**2)
    return u[:, :int(np.argmax(share >= 0.95)) + 1]


def scores(x):
    u, s, _ = np.linalg.svd(x, full_matrices=False)
    s = s / np.linalg.norm(s)
    keep = s**2 > 1e-12
    return u[:, keep] * s[keep]


def svcca(u, v):
    return 1 - np.linalg.svd(u.T @ v, compute_uv=False).mean()


def cka(x, y):
    return np.sum((x.T @ y)**2) / (np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y))


def cached_cka(x, y):
    return np.sum((x.T @ y)**2)  # the two norms would be cached


def procrustes(x, y):
    return np.arccos(min(1, np.linalg.svd(x.T @ y, compute_uv=False).sum()))


def main(folder):
    files = sorted(pathlib.Path(folder).glob("states_*.npy"))
    states = [np.load(file).astype(np.float64) for file in files]
    states = [x - x.mean(axis=0) for x in states]
    bases, shapes = [left_vectors(x) for x in states], [scores(x) for x in states]
    pairs = list(itertools.combinations(range(len(states)), 2))
    pick = lambda items: [(items[i], items[j]) for i, j in pairs]
    print(np.__version__, gemm(), timed(svcca, pick(bases)), timed(cached_cka, pick(shapes)),
          timed(procrustes, pick(shapes)),
          timed(lambda x, y: svcca(left_vectors(x), left_vectors(y)), pick(states)[:40]),
          timed(cka, pick(states)[:400]))


if __name__ == "__main__":
    main(sys.argv[1])

"""Dynamical similarity analysis, stated independently: full SVDs, NumPy's least squares, SciPy's
assignment and linear programming, and gradient ascent over rotations.

Usage: independent_dsa.py write DIRECTORY   inputs for the program
       independent_dsa.py check DIRECTORY   compares distances.csv, written by the program
"""
import os
import pathlib
import sys

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # small matrices: threads would only wait

import numpy as np
from scipy import linalg, optimize

TOLERANCE = 1e-5
SMALLEST_SINGULAR = 1e-7


def trials(rng, count, steps, units, gain=1.1):
    """(count, steps, units) of h <- tanh(W h) with some noise."""
    w = gain * rng.randn(units, units) / np.sqrt(units)
    h = rng.randn(count, units)
    out = []
    for _ in range(steps):
        out.append(h)
        h = np.tanh(h @ w.T) + 0.05 * rng.randn(count, units)
    return np.stack(out, axis=1)


def inputs():
    """Name, two sets of states, rank, delays."""
    rng = np.random.RandomState(11)
    x = trials(rng, 8, 40, 10)
    yield "random", x, trials(rng, 8, 40, 10), 10, 5
    yield "low_rank", x, trials(rng, 8, 40, 10), 3, 5
    yield "no_delay", x, trials(rng, 8, 40, 10), 6, 1
    yield "sizes", x, trials(rng, 5, 25, 30), 8, 3
    yield "one_trial", x[0], trials(rng, 1, 60, 6)[0], 5, 4
    yield "rank_deficient", x[:, :, :2] @ rng.randn(2, 9), trials(rng, 8, 40, 10), 10, 2
    yield "duplicates", np.concatenate([x, x], axis=2), trials(rng, 6, 30, 10), 7, 2
    yield "tiny_values", 1e-9 * x, 1e-7 * trials(rng, 8, 40, 10), 8, 3
    yield "offset", x + 1000.0, trials(rng, 8, 40, 10) - 50.0, 8, 3
    yield "few_samples", trials(rng, 2, 6, 20), trials(rng, 3, 6, 12), 4, 3
    yield "wide", trials(rng, 3, 12, 40), trials(rng, 3, 12, 30), 6, 4
    yield "single", x.astype(np.float32), trials(rng, 8, 40, 10).astype(np.float32), 10, 4
    decay = 0.05 ** np.arange(6)
    yield "steep", trials(rng, 9, 50, 6) * decay, trials(rng, 9, 50, 6), 6, 1


def operator(x, rank, delays):
    x = np.asarray(x, dtype=np.float64)
    x = x if x.ndim == 3 else x[None]
    x = x - x.mean(axis=(0, 1))
    hankel = np.concatenate(
        [x[:, delays - 1 - d:x.shape[1] - d] for d in range(delays)], axis=2)
    count, rows, _ = hankel.shape
    u, s, _ = np.linalg.svd(hankel.reshape(count * rows, -1), full_matrices=False)
    rank = min(rank, int(np.sum(s > SMALLEST_SINGULAR * s[0])))
    v = u[:, :rank].reshape(count, rows, rank)
    before, after = v[:, :-1].reshape(-1, rank), v[:, 1:].reshape(-1, rank)
    return np.linalg.lstsq(before, after, rcond=1e-10)[0].T


def transport(cost):
    """The least cost between uniform masses, by linear programming."""
    n, m = cost.shape
    if n == m:
        rows, columns = optimize.linear_sum_assignment(cost)
        return cost[rows, columns].mean()
    sums = np.vstack([np.kron(np.eye(n), np.ones(m)), np.kron(np.ones(n), np.eye(m))])
    masses = np.concatenate([np.full(n, 1 / n), np.full(m, 1 / m)])
    # The last sum follows from the others.
    found = optimize.linprog(cost.ravel(), A_eq=sums[:-1], b_eq=masses[:-1], method="highs")
    assert found.status == 0, found.message
    return found.fun


def clouds(a, b):
    x, y = np.linalg.eigvals(a), np.linalg.eigvals(b)
    return np.sqrt(max(0.0, transport(np.abs(x[:, None] - y[None, :]) ** 2)))


def angle(a, b, starts):
    """The smallest angle between A and C B C', by steepest ascent along geodesics of rotations."""
    size = max(len(a), len(b))
    a, b = (np.pad(m, (0, size - len(m))) / np.linalg.norm(m) for m in (a, b))
    rng = np.random.RandomState(3)
    best = 0.0
    for start in range(starts):
        c, _ = np.linalg.qr(rng.randn(size, size))
        c[:, 0] *= -1 if (np.linalg.det(c) > 0) == (start % 2 == 0) else 1
        for _ in range(150):
            gradient = c.T @ (a @ c @ b.T + a.T @ c @ b)
            skew = gradient - gradient.T
            if np.linalg.norm(skew) < 1e-9:
                break

            def moved(t):
                return c @ linalg.expm(t * skew)

            found = optimize.minimize_scalar(lambda t: -np.sum(a * (moved(t) @ b @ moved(t).T)),
                                             bounds=(0, 4), method="bounded",
                                             options={"xatol": 1e-4})
            c = moved(found.x)
        best = max(best, np.sum(a * (c @ b @ c.T)))
    return np.arccos(min(1.0, best))


def check(folder):
    with open(folder / "distances.csv") as file:
        found = {line.split(",")[0]: np.array(line.split(",")[1:], dtype=float) for line in file}
    wrong = 0
    for name, x, y, rank, delays in inputs():
        a, b = operator(x, rank, delays), operator(y, rank, delays)
        cloud, angular = found.pop(name)
        if not abs(cloud - clouds(a, b)) < TOLERANCE:
            print(f"{name}: clouds at {clouds(a, b)}, found {cloud}")
            wrong += 1
        # A minimum over rotations: the program's may be lower than the one found here.
        if max(len(a), len(b)) <= 6:
            reference = angle(a, b, starts=2)
            if not angular < reference + TOLERANCE:
                print(f"{name}: angle {reference}, found {angular}")
                wrong += 1
        # No angle is below the one of the singular values (von Neumann).
        s, t = (np.linalg.svd(m, compute_uv=False) / np.linalg.norm(m) for m in (a, b))
        least = np.arccos(min(1.0, np.sum(s[:min(len(s), len(t))] * t[:min(len(s), len(t))])))
        if not angular > least - TOLERANCE:
            print(f"{name}: angle {angular} is below its bound {least}")
            wrong += 1
    assert not found, f"unknown cases: {list(found)}"
    return min(wrong, 1)


def main(mode, folder):
    if mode == "check":
        return check(folder)
    with open(folder / "cases.txt", "w") as cases:
        for name, x, y, rank, delays in inputs():
            np.save(folder / f"{name}_x.npy", np.ascontiguousarray(x))
            np.save(folder / f"{name}_y.npy", np.ascontiguousarray(y))
            print(name, rank, delays, file=cases)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], pathlib.Path(sys.argv[2])))

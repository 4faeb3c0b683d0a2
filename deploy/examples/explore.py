#!/usr/bin/env python3
"""A folder of results in Python: what is in it, one figure redrawn, scikit-learn on our distances.

    python3 deploy/examples/explore.py results/quickstart [METRIC]

The cells between "# %%" run one by one in Jupyter, VS Code or Spyder.
"""
# %% Which results
import csv
import json
import pathlib
import sys

import matplotlib.pyplot as plt
import numpy as np
from sklearn.manifold import MDS

folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "results/quickstart")
metric = sys.argv[2] if len(sys.argv) > 2 else "svcca"
manifest = json.loads((folder / "manifest.json").read_text())
tasks = sorted({file["path"].split("/")[0] for file in manifest["files"] if "/" in file["path"]})
print(f"{manifest['sweep']}: {len(manifest['files'])} files, tasks {', '.join(tasks)}")
task = folder / tasks[0]


def rows_of(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


# %% The networks
networks = {row["key"]: row for row in rows_of(folder / "networks.csv")}
chosen = [key for key, row in networks.items()
          if row["task"] == task.name and row["included"] == "true"]
for key in chosen:
    print(f"{key}: validation loss {networks[key]['validation_loss']}, {networks[key]['verdict']}")

# %% One of them: its weights, its states on the probe, and its outputs by its equations
sys.path.insert(0, str(folder))
import rnnfarm_cells  # noqa: E402  (comes with the results)

key = chosen[0]
net = rnnfarm_cells.load(task / "networks" / f"{key}.npz")
states = np.load(task / "states" / f"{key}.npy", mmap_mode="r")  # trials x time x units
outputs = rnnfarm_cells.readout(net, states)
print(f"{key}: states {states.shape}, outputs {outputs.shape}")

# %% The distances: the order of rows is in index.csv, or a metric's own where it leaves some out
distances = np.load(task / "distances" / f"{metric}.npy")
own = task / "distances" / f"{metric}_index.csv"
index = rows_of(own if own.exists() else task / "distances" / "index.csv")
assert len(index) == len(distances)

# %% scikit-learn's scaling of the same matrix
mds = MDS(dissimilarity="precomputed", n_init=8, max_iter=1000, eps=1e-9, normalized_stress=False,
          random_state=0)
theirs = mds.fit_transform(distances.astype(float))
ours = np.array([[float(row["x"]), float(row["y"])]
                 for row in rows_of(task / "embeddings" / f"{metric}.csv")])


def stress1(points):
    """Kruskal's: how far distances in the plane are from those given."""
    upper = np.triu_indices(len(points), 1)
    plane = np.linalg.norm(points[:, None] - points[None], axis=-1)[upper]
    return np.sqrt(np.sum((plane - distances[upper]) ** 2) / np.sum(plane**2))


print(f"stress-1: ours {stress1(ours):.4f}, scikit-learn's {stress1(theirs):.4f}")

# %% The report's figure of the embedding, redrawn, with scikit-learn's beside it
figure, axes = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
architectures = sorted({row["architecture"] for row in index})
okabe_ito = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00"]
for axis, points, title in ((axes[0], ours, "rnnfarm"), (axes[1], theirs, "scikit-learn")):
    for architecture, colour in zip(architectures, okabe_ito):
        of_it = [row["architecture"] == architecture for row in index]
        axis.scatter(*points[of_it].T, color=colour, label=architecture)
    axis.set(title=f"{task.name}, {metric}: {title}", aspect="equal")
axes[0].legend()
figure.savefig("embedding.png", dpi=150)
print("embedding.png")

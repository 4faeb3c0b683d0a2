#!/usr/bin/env python3
"""Draws the figures of a folder of results again by matplotlib, for papers.

    python3 figures.py [TASK ...] [--results DIR] [--out DIR] [--format pdf|svg|png]

Without --results that is the folder of this file; without --out its folder figures. All numbers
come from the files beside it, which docs/files.md describes: change what you like.
"""
import argparse
import csv
import pathlib
import sys

import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402

COLOURS = {"vanilla": "#0072B2", "ugrnn": "#E69F00", "gru": "#009E73", "lstm": "#CC79A7",
           "leaky": "#56B4E9", "recording": "#000000", "relu": "#D55E00", "tanh": "#0072B2"}
BY_INDEX = ["#000000", "#D55E00", "#009E73", "#0072B2", "#CC79A7"]  # unstable directions
ORDER = list(COLOURS)
DRAWN_TRIALS, DRAWN_CURVES, ACROSS = 32, 48, 4


def rows_of(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def kind_of(row):
    untrained = "untrained" if row["untrained"] == "true" else ""
    return (row["architecture"], row["activation"], untrained)


def name_of(kind):
    return " ".join(word for word in kind if word)


def spread(items, count):
    """At most `count` of them, evenly from the first to the last."""
    return [items[i] for i in np.unique(np.linspace(0, len(items) - 1, count).astype(int))]


def place(kind):
    """Sorts kinds as the report does: the paper's order, other names after it."""
    return [(ORDER.index(name) if name in ORDER else len(ORDER) * (name != ""), name)
            for name in kind]


def by_kind(rows):
    kinds = {}
    for row in rows:
        kinds.setdefault(kind_of(row), []).append(row)
    return {kind: kinds[kind] for kind in sorted(kinds, key=place)}


def colour(name):
    return COLOURS.get(name, "#999999")


def loss_of(row):
    return float(row["validation_loss"] or "nan")


class Task:
    """The files of one task."""

    def __init__(self, folder, name, rows):
        self.folder, self.name = folder / name, name
        self.rows = [row for row in rows if row["task"] == name]
        self.trained = [row for row in self.rows if row["untrained"] != "true"]

    def path(self, kind, row, extension):
        return self.folder / kind / (row["key"] + extension)

    def portraits(self):
        """For each kind the trained network of the lowest loss that has states."""
        chosen = []
        for rows in by_kind(self.trained).values():
            there = [row for row in rows if self.path("states", row, ".npy").exists()]
            if there:
                chosen.append(min(there, key=lambda row: (
                    row["included"] != "true", np.nan_to_num(loss_of(row), nan=np.inf))))
        return chosen

    def components(self, row):
        """States (trials x time x units), and what projects on their principal components."""
        states = np.load(self.path("states", row, ".npy")).astype(float)
        flat = states.reshape(-1, states.shape[-1])
        mean = flat.mean(0)
        axes = np.linalg.svd(flat - mean, full_matrices=False)[2][:3]
        return states, lambda points: (points[..., :len(mean)] - mean) @ axes.T

    def fixed_points(self):
        """Rows of portraits that have fixed points, with them."""
        found = []
        for row in self.portraits():
            path = self.path("fixed_points", row, ".npz")
            if path.exists():
                found.append((row, np.load(path)))
        return found

    def metrics(self, kind, extension):
        return sorted(path.stem for path in (self.folder / kind).glob("*" + extension)
                      if not path.stem.endswith("index"))

    def index(self, metric):
        own = self.folder / "distances" / f"{metric}_index.csv"
        return rows_of(own if own.exists() else self.folder / "distances" / "index.csv")


def panels(count, width=2.6):
    across = min(count, ACROSS)
    down = -(-count // across)
    figure, axes = plt.subplots(down, across, figsize=(width * across, width * down), squeeze=False,
                                layout="constrained")
    for axis in axes.flat[count:]:
        axis.set_axis_off()
    return figure, list(axes.flat)


def plane(points):
    """The first two components; of states with one alone that one twice."""
    return points[..., 0], points[..., min(1, points.shape[-1] - 1)]


def plot_trials(axis, trials, **style):
    for trial in spread(trials, DRAWN_TRIALS):
        axis.plot(*plane(trial), **style)
    axis.set(xlabel="PC 1", ylabel="PC 2")


def title(axis, row):
    axis.set_title(name_of(kind_of(row)), fontsize=9)


def trajectories(task):
    chosen = task.portraits()
    if not chosen:
        return None
    figure, axes = panels(len(chosen))
    for axis, row in zip(axes, chosen):
        states, project = task.components(row)
        plot_trials(axis, project(states), lw=0.5, color=colour(row["architecture"]), alpha=0.6)
        title(axis, row)
    return figure


def fixed_points(task):
    found = [(row, points) for row, points in task.fixed_points() if len(points["xstar"])]
    if not found:
        return None
    figure, axes = panels(len(found))
    marks = {}
    for axis, (row, points) in zip(axes, found):
        states, project = task.components(row)
        plot_trials(axis, project(states), lw=0.3, color="#BBBBBB")
        at = project(points["xstar"].astype(float))
        unstable = np.minimum(points["n_unstable"].astype(int), len(BY_INDEX) - 1)
        for index in np.unique(unstable):
            name = f"{index}" + (" or more" if index == len(BY_INDEX) - 1 else "") + " unstable"
            marks[name] = axis.scatter(*plane(at[unstable == index]), s=10, zorder=2,
                                       color=BY_INDEX[index])
        title(axis, row)
    names = sorted(marks)
    axes[min(len(found), ACROSS) - 1].legend([marks[name] for name in names], names, fontsize=7,
                                             loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def transitions(task):
    found = [(row, points) for row, points in task.fixed_points()
             if "transitions" in points.files and len(points["transitions"]) > 1]
    if not found:
        return None
    figure, axes = panels(len(found))
    for axis, (row, points) in zip(axes, found):
        image = axis.imshow(points["transitions"], vmin=0, vmax=1)
        axis.set(xlabel="to node", ylabel="from node")
        title(axis, row)
    figure.colorbar(image, ax=axes, label="share of runs")
    return figure


def spectra(task):
    found = [(row, points) for row, points in task.fixed_points()
             if "eigval_J_xstar" in points.files and points["eigval_J_xstar"].size]
    if not found:
        return None
    figure, axes = panels(len(found))
    turn = np.exp(2j * np.pi * np.linspace(0, 1, 200))
    for axis, (row, points) in zip(axes, found):
        values = points["eigval_J_xstar"]
        colours = np.array(BY_INDEX)[np.minimum(points["n_unstable"].astype(int), 4)]
        axis.scatter(values.real, values.imag, s=2, c=np.repeat(colours, values.shape[1]))
        axis.plot(turn.real, turn.imag, lw=0.5, color="#888888")
        axis.set(xlabel="real", ylabel="imaginary", aspect="equal")
        title(axis, row)
    return figure


def distances(task, metric):
    rows = task.index(metric)
    order = sorted(range(len(rows)), key=lambda i: place(kind_of(rows[i])))
    matrix = np.load(task.folder / "distances" / f"{metric}.npy")[np.ix_(order, order)]
    figure, axis = plt.subplots(figsize=(5, 4.2), layout="constrained")
    figure.colorbar(axis.imshow(matrix, vmin=0), label=f"{metric} distance")
    kinds = [name_of(kind_of(rows[i])) for i in order]
    starts = [i for i in range(len(kinds)) if i == 0 or kinds[i] != kinds[i - 1]]
    axis.set_yticks(starts, [kinds[i] for i in starts], fontsize=6)
    axis.set_xticks(starts, [""] * len(starts))
    return figure


def embedding(task, metric):
    kinds = {row["key"]: row for row in task.rows}
    points = [p for p in rows_of(task.folder / "embeddings" / f"{metric}.csv")
              if p["key"] in kinds]
    figure, axes = panels(2, width=3.6)
    for axis, column in zip(axes, ("architecture", "activation")):
        for name in sorted({kinds[p["key"]][column] for p in points}, key=lambda n: place([n])):
            for untrained, face in (("false", colour(name)), ("true", "none")):
                of_it = [p for p in points if kinds[p["key"]][column] == name
                         and kinds[p["key"]]["untrained"] == untrained]
                label = f"{name or 'none'}{', untrained' if untrained == 'true' else ''}"
                if of_it:
                    axis.scatter([float(p["x"]) for p in of_it], [float(p["y"]) for p in of_it],
                                 s=8, facecolors=face, edgecolors=colour(name), label=label)
        axis.set(xlabel="MDS 1", ylabel="MDS 2", aspect="equal")
        axis.legend(fontsize=7, title=column, title_fontsize=7)
    return figure


def losses(task):
    there = [[row for row in rows if task.path("networks", row, ".npz").exists()]
             for rows in by_kind(task.trained).values()]
    # Each kind in turn, so that the first few show every kind.
    drawn = [rows[i] for i in range(max(map(len, there), default=0)) for rows in there
             if i < len(rows)]
    curves = [(row, np.load(task.path("networks", row, ".npz"))) for row in drawn[:DRAWN_CURVES]]
    curves = [(row, net["loss_curve"]) for row, net in curves if "loss_curve" in net.files]
    curves = [(row, curve) for row, curve in curves if len(curve)]
    if not curves:
        return None
    figure, axis = plt.subplots(figsize=(5, 3.5), layout="constrained")
    named = set()
    for row, curve in curves:
        kind = kind_of(row)
        axis.semilogy(curve[:, 0], curve[:, 2], lw=0.8, color=colour(kind[0]),
                      ls="--" if kind[1] == "relu" else "-",
                      label=None if kind in named else name_of(kind))
        named.add(kind)
    shown = f"{len(curves)} of {len(drawn)} networks" if len(drawn) > len(curves) else ""
    axis.set(xlabel="iteration", ylabel="validation loss", title=shown)
    axis.legend(fontsize=6)
    return figure


def final_losses(task):
    kinds = {kind: [np.log10(loss_of(row)) for row in rows if loss_of(row) > 0]
             for kind, rows in by_kind(task.trained).items()}
    kinds = {kind: values for kind, values in kinds.items() if values}
    if not kinds:
        return None
    figure, axis = plt.subplots(figsize=(5, 3.5), layout="constrained")
    for i, (kind, values) in enumerate(kinds.items()):
        spread = np.linspace(-0.3, 0.3, len(values)) if len(values) > 1 else [0]
        axis.scatter(i + np.array(spread), values, s=8, color=colour(kind[0]),
                     marker="^" if kind[1] == "relu" else "o")
    axis.set_xticks(range(len(kinds)), [name_of(kind) for kind in kinds], rotation=45, ha="right",
                    fontsize=7)
    axis.set_ylabel("log10 of the validation loss")
    return figure


def figures_of(task):
    for draw in (trajectories, fixed_points, transitions, spectra, losses, final_losses):
        yield draw.__name__, lambda draw=draw: draw(task)
    for metric in task.metrics("distances", ".npy"):
        yield f"distances-{metric}", lambda metric=metric: distances(task, metric)
    for metric in task.metrics("embeddings", ".csv"):
        yield f"embedding-{metric}", lambda metric=metric: embedding(task, metric)


def main():
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("task", nargs="*", help="tasks to draw; without, all")
    parser.add_argument("--results", type=pathlib.Path, default=here, metavar="DIR")
    parser.add_argument("--out", type=pathlib.Path, metavar="DIR")
    parser.add_argument("--format", default="pdf", choices=("pdf", "svg", "png"))
    arguments = parser.parse_args()
    table = arguments.results / "networks.csv"
    if not table.exists():
        sys.exit(f"{table} is not there; --results takes a folder as `rnnfarm pull` leaves it")
    rows = rows_of(table)
    tasks = list(dict.fromkeys(row["task"] for row in rows))
    for name in arguments.task:
        if name not in tasks:
            sys.exit(f"{name} is no task of {table}; they are {', '.join(tasks)}")
    out = arguments.out or arguments.results / "figures"
    out.mkdir(parents=True, exist_ok=True)
    for name in arguments.task or tasks:
        for kind, draw in figures_of(Task(arguments.results, name, rows)):
            figure = draw()
            if figure is None:
                print(f"{name}: nothing there for {kind}", file=sys.stderr)
                continue
            path = out / f"{name}-{kind}.{arguments.format}"
            figure.savefig(path, dpi=200)
            plt.close(figure)
            print(path)


if __name__ == "__main__":
    main()

"""The sweeps of deploy/examples, in a small form: a task from NumPy, leaky cells with noise."""

import csv
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy as np

import farm

EXAMPLES = pathlib.Path(__file__).resolve().parent.parent.parent / "deploy" / "examples"
SMALL = ["--set", "training.iterations=400", "--set", "training.validation_trials=64", "--set",
         "analysis.fixed_points.starts=32", "--set", "analysis.fixed_points.rounds=1"]


def run(file, out, *settings):
    command = [os.path.join(farm.BIN, "rnnfarm"), "run", str(file), "--out", str(out), "--threads",
               "2", *SMALL]
    for setting in settings:
        command += ["--set", setting]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    with open(out / "networks.csv", newline="") as table:
        rows = list(csv.DictReader(table))
    assert rows and all(row["state"] == "analyzed" for row in rows), rows
    return rows


def check_decision(work):
    """The file that the script writes is a task: its channels, its loss, its states by NumPy."""
    data = work / "decision.npz"
    subprocess.run([sys.executable, EXAMPLES / "decision.py", data], check=True)
    shutil.copy(EXAMPLES / "decision.textproto", work)
    out = work / "decision"
    rows = run(work / "decision.textproto", out, "seeds.count=1", "grid.units=[16]")
    trials = np.load(data, allow_pickle=False)
    assert {row["architecture"] for row in rows} == {"vanilla", "gru"}
    sys.path.insert(0, str(out))
    import rnnfarm_cells
    # What a network earns that always says the mean of its targets.
    weight = trials["mask"]
    mean = (weight * trials["targets"]).sum((0, 1)) / weight.sum((0, 1))
    untaught = np.mean(weight * (trials["targets"] - mean) ** 2)
    for row in rows:
        net = rnnfarm_cells.load(out / "decision" / "networks" / f"{row['key']}.npz")
        ours = np.load(out / "decision" / "states" / f"{row['key']}.npy")
        states = rnnfarm_cells.run(net, trials["inputs"][: len(ours)])
        assert np.abs(states - ours).max() < 1e-5, row["key"]
        outputs = rnnfarm_cells.readout(net, rnnfarm_cells.run(net, trials["inputs"]))
        loss = np.mean(weight * (outputs - trials["targets"]) ** 2)
        assert loss < 0.8 * untaught, (row["key"], loss, untaught)
        points = np.load(out / "decision" / "fixed_points" / f"{row['key']}.npz")
        assert {tuple(x) for x in points["inputs"]} <= {
            tuple(x) for x in trials["conditions"].astype(np.float32).astype(float)}


def check_leaky(work):
    """Noise is an axis, is trained with and is left out of the analysis."""
    out = work / "leaky"
    rows = run(EXAMPLES / "leaky.textproto", out, "seeds.count=1", "grid.units=[16]")
    noises = set()
    for row in rows:
        net = np.load(out / "flipflop" / "networks" / f"{row['key']}.npz", allow_pickle=False)
        assert str(net["architecture"]) == "leaky" and float(net["alpha"]) == 0.5
        noises.add(float(net["noise"]))
        meta = json.loads(str(net["meta"]))
        assert meta["noise"] == float(net["noise"])
    assert noises == {0, 0.05, 0.2}, noises
    assert len({row["train_loss"] for row in rows}) == 3, rows


def check_elsewhere(work):
    """Through a symbolic link, from another folder, with blanks in names and options: what `run`
    becomes is found and given the very arguments."""
    folder = work / "a folder"
    folder.mkdir()
    (folder / "farm").symlink_to(os.path.join(farm.BIN, "rnnfarm"))
    shutil.copy(EXAMPLES.parent / "sweeps" / "quickstart.textproto", folder / "a sweep.textproto")
    done = subprocess.run(["./farm", "run", "a sweep.textproto", "--out", "the results", "--set",
                           'grid.architecture=["gold fish"]'], cwd=folder, capture_output=True,
                          text=True, timeout=120)
    assert done.returncode == 2 and "gold fish" in done.stderr, done
    assert 'a sweep.textproto' in done.stderr and not (folder / "the results").exists(), done
    (folder / "alone").mkdir()
    shutil.copy(os.path.join(farm.BIN, "rnnfarm"), folder / "alone")
    done = subprocess.run([str(folder / "alone" / "rnnfarm"), "run", "a sweep.textproto", "--out",
                           "results"], cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1 and "alone/rnnfarm-compute" in done.stderr, done
    assert "beside rnnfarm" in done.stderr, done
    # Half of an update.
    done = subprocess.run([os.path.join(farm.BIN, "rnnfarm-compute"), "run", "a sweep.textproto",
                           "--out", "results"], cwd=folder, capture_output=True, text=True,
                          timeout=120, env=dict(os.environ, RNNFARM_CALLER_BUILD="0.0.1 (older)"))
    assert done.returncode == 1 and "rnnfarm is 0.0.1 (older) and the" in done.stderr, done
    assert "build or install both together" in done.stderr, done


def main():
    with tempfile.TemporaryDirectory(prefix="rnnfarm-examples-") as name:
        check_elsewhere(pathlib.Path(name))
        check_decision(pathlib.Path(name))
        check_leaky(pathlib.Path(name))
    return 0


if __name__ == "__main__":
    sys.exit(main())

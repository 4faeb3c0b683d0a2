"""Result files: a pull that is killed and gone on with, every format in Python's own readers, the
cells in NumPy, and networks that come back as imports, also to the farm that deleted their sweep.

Reads with Debian's python3-numpy, -h5py, -torch and -sklearn.
"""

import csv
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys

import h5py
import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import torch

import farm

HERE = pathlib.Path(__file__).resolve().parent
EXAMPLES = HERE.parent.parent / "deploy" / "examples"
PROGRAM = os.path.join(farm.BIN, "rnnfarm")
SWEEP, NETWORKS = "files", 30
TOLERANCE = 1e-5
KILLS = 8
FORMATS = ("--format", "npz,hdf5,pt")

# The sine task of sweeps/files.textproto, its networks imported.
RECORDED = """name: "recorded"
base_seed: 11
task { name: "sine" sine_wave { steps: 20 min_frequency: 0.04 max_frequency: 0.1 conditions: 5 } }
analysis { metric { svcca {} } metric { cka {} } metric { procrustes {} }
           metric { fixed_point_graph { runs: 8 } } fixed_points { starts: 32 rounds: 2 } }
limits { max_attempts: 1 }
"""


def rows_of(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def arrays_of(path):
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def probe(task):
    """The inputs of the tasks' probes, trials x time x channels (docs/science.md)."""
    if task == "sine":
        return np.repeat(np.linspace(0, 1, 5)[:, None, None], 20, axis=1)
    inputs = np.zeros((22, 8, 4))
    for context in range(2):
        for i, mean in enumerate(np.linspace(-1, 1, 11)):
            inputs[context * 11 + i, :, context] = mean
            inputs[context * 11 + i, :, 2 + context] = 1
    return inputs


def check_kills(running, calm):
    """SIGKILL at moments that come from a seed, until it has ended; then it is as without."""
    dice = random.Random(3)
    expected = farm.files_under(calm)
    out = pathlib.Path(running.folder, "killed")
    complete = ends = kills = 0
    for attempt in range(100):
        if kills >= KILLS and complete:
            break
        process = subprocess.Popen(
            [PROGRAM, "--coordinator", running.address, "pull", SWEEP, str(out), "--parallel", "3",
             *FORMATS], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        there = sum(len(names) for _, _, names in os.walk(out))
        wanted = there + dice.randint(1, max(1, len(expected) // 4))
        while process.poll() is None and sum(len(names) for _, _, names in os.walk(out)) < wanted:
            pass
        process.kill()
        code = process.wait()
        complete = (out / "manifest.json").exists()
        if code == -signal.SIGKILL and not complete:
            kills += 1
        elif complete:
            assert_same(expected, out)
            ends += 1
            if kills < KILLS:
                shutil.rmtree(out)
    assert kills >= KILLS and complete, (kills, ends)
    print(f"killed {kills} times in the middle of pulling, complete {ends} times", flush=True)
    return out


def assert_same(expected, folder):
    found = farm.files_under(folder)
    assert found.keys() == expected.keys(), found.keys() ^ expected.keys()
    different = [path for path in expected if expected[path] != found[path]]
    assert not different, f"these files differ: {different}"


def check_flipped_bytes(running, folder):
    expected = farm.files_under(folder)
    key = rows_of(folder / "networks.csv")[0]["key"]
    of_results = (f"memory/states/{key}.npy", f"memory/networks/{key}.npz", "cued/statistics.json")
    made = ("sine/results.h5", f"memory/networks/{key}.pt", "networks.csv", "rnnfarm_cells.py",
            "figures.py")
    for path in of_results + made:
        data = bytearray(expected[path])
        data[len(data) // 2] ^= 1
        (folder / path).write_bytes(data)
    done = running.client("pull", SWEEP, str(folder), *FORMATS)
    assert f"{len(of_results)} fetched" in done.stderr, done.stderr
    assert_same(expected, folder)
    stamps = {path: (folder / path).stat().st_mtime_ns for path in expected}
    done = running.client("pull", SWEEP, str(folder), *FORMATS, "--parallel", "1")
    assert " 0 fetched" in done.stderr, done.stderr
    touched = [path for path in expected if (folder / path).stat().st_mtime_ns != stamps[path]]
    assert touched == ["manifest.json"], touched


def check_manifest(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    listed = {file["path"] for file in manifest["files"]}
    assert len(listed) == len(manifest["files"])
    assert listed == farm.files_under(folder).keys() - {"manifest.json"}
    for task in ("memory", "sine", "cued"):
        assert f"{task}/results.h5" in listed
    assert sum(path.endswith(".pt") for path in listed) == NETWORKS


def check_narrower_pulls(running, folder):
    """Pulls of less than the folder has leave it and its manifest as they are."""
    expected = farm.files_under(folder)
    for less in ([], ["--only", "distances,statistics"], ["--only", "states", "--format", "hdf5"]):
        running.client("pull", SWEEP, str(folder), *less)
        assert_same(expected, folder)


def check_hdf5(folder):
    """Everything that NumPy's files hold, by h5py."""
    compared = 0
    for task in ("memory", "sine", "cued"):
        with h5py.File(folder / task / "results.h5", "r") as file:
            assert dict(file.attrs)["task"] == task and file.attrs["sweep"] == SWEEP
            for path in sorted((folder / task).rglob("*.np[yz]")):
                name = str(path.relative_to(folder / task).with_suffix(""))
                arrays = {"": np.load(path)} if path.suffix == ".npy" else arrays_of(path)
                for inner, array in arrays.items():
                    found = file[f"{name}/{inner}" if inner else name]
                    compared += 1
                    if array.dtype.kind == "U":
                        assert found.asstr()[()] == str(array), (path, inner)
                        continue
                    assert found.dtype == array.dtype, (path, inner, found.dtype)
                    assert found.shape == array.shape and found[()].tobytes() == array.tobytes(), (
                        path, inner)
            index = rows_of(folder / task / "distances" / "index.csv")
            assert list(file["distances/index/key"].asstr()) == [row["key"] for row in index]
            assert list(file["embeddings/svcca/x"]) == [
                float(row["x"]) for row in rows_of(folder / task / "embeddings" / "svcca.csv")]
            assert json.loads(file["statistics"].asstr()[()])["task"] == task
    assert compared > 1000, compared


def module_of(net):
    units = net["units"]
    inputs = net["state_dict"]["weight_ih_l0"].shape[1]
    if net["architecture"] == "lstm":
        return torch.nn.LSTM(inputs, units, batch_first=True)
    return torch.nn.RNN(inputs, units, nonlinearity=net["activation"], batch_first=True)


def check_torch(folder):
    """weights_only, and states by PyTorch's own cells where it has them."""
    equal = 0
    for path in sorted(folder.glob("*/networks/*.pt")):
        net = torch.load(path, weights_only=True)
        arrays = arrays_of(path.with_suffix(".npz"))
        weights = net.get("state_dict", net.get("weights"))
        for name, tensor in weights.items():
            assert np.array_equal(tensor.numpy(), arrays[name]), (path, name)
        assert net["meta"] == str(arrays["meta"]) and net["loss_curve"].dtype == torch.float64
        kind = (net["architecture"], net["activation"])
        is_pytorchs = kind in (("vanilla", "tanh"), ("vanilla", "relu"), ("lstm", "tanh"))
        assert is_pytorchs == ("state_dict" in net) == json.loads(net["meta"])["pytorch_equivalent"]
        readout = torch.nn.Linear(net["units"], len(net["readout"]["bias"]))
        readout.load_state_dict(net["readout"])
        task = path.parent.parent.name
        if not is_pytorchs or task == "memory":
            continue
        module = module_of(net)
        module.load_state_dict(net["state_dict"])
        x = torch.from_numpy(probe(task).astype(np.float32))
        start = net["initial_state"].repeat(1, len(x), 1)
        if net["architecture"] == "lstm":
            start = tuple(part.contiguous() for part in start.chunk(2, dim=2))
        with torch.no_grad():
            states, _ = module(x, start)
        ours = np.load(folder / task / "states" / (path.stem + ".npy"))
        error = np.abs(states.numpy() - ours).max()
        assert error < TOLERANCE, (path, error)
        equal += 1
    assert equal == 6, equal


def check_cells(folder):
    """States from the weights by the cells that come with the results, for every network."""
    sys.path.insert(0, str(folder))
    import rnnfarm_cells
    seen = set()
    for task in ("sine", "cued"):
        for path in sorted((folder / task / "networks").glob("*.npz")):
            net = rnnfarm_cells.load(path)
            states = rnnfarm_cells.run(net, probe(task))
            ours = np.load(folder / task / "states" / (path.stem + ".npy"))
            error = np.abs(states - ours).max()
            assert states.shape == ours.shape and error < TOLERANCE, (path, error)
            assert np.abs(ours).max() > 0.01, path
            seen.add((str(net["architecture"]), str(net["activation"])))
            outputs = rnnfarm_cells.readout(net, states)
            assert outputs.shape == ours.shape[:2] + (1,)
    assert len(seen) == 10, seen


def check_example(folder, work):
    environment = dict(os.environ, MPLBACKEND="Agg")
    done = subprocess.run([sys.executable, EXAMPLES / "explore.py", folder], cwd=work,
                          env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    stresses = [float(word.split()[-1]) for line in done.stdout.splitlines()
                if line.startswith("stress-1") for word in line.split(",")]
    assert len(stresses) == 2 and stresses[0] < 1.1 * stresses[1] + 0.01, done.stdout
    assert (pathlib.Path(work) / "embedding.png").read_bytes().startswith(b"\x89PNG")


def check_figures(running, folder):
    """Every figure for papers, by the script that comes with the results."""
    out = pathlib.Path(running.folder, "figures")
    done = subprocess.run([sys.executable, folder / "figures.py", "--out", out, "--format", "svg"],
                          capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    drawn = {path.stem for path in out.glob("*.svg")}
    assert len(drawn) == len(done.stdout.splitlines()), done.stdout
    for task in ("memory", "sine", "cued"):
        wanted = {f"{task}-{name}" for name in
                  ("trajectories", "fixed_points", "transitions", "spectra", "losses",
                   "final_losses")}
        wanted |= {f"{task}-distances-{path.stem}"
                   for path in (folder / task / "distances").glob("*.npy")}
        wanted |= {f"{task}-embedding-{path.stem}"
                   for path in (folder / task / "embeddings").glob("*.csv")}
        assert wanted <= drawn, (wanted - drawn, done.stderr)
    other = subprocess.run([sys.executable, folder / "figures.py", "juggling"], text=True,
                           capture_output=True, timeout=60)
    assert other.returncode == 1 and "memory, " in other.stderr, other
    running.client("report", str(folder), "--out", str(out / "report.html"), "--figures", str(out))
    pixels = plt.imread(out / "memory-svcca.png")
    assert pixels.shape[:2] == np.load(folder / "memory" / "distances" / "svcca.npy").shape


def import_sweep(folder, name="again"):
    """The sweep's own file with its networks, in the order of its rows, in place of its grid."""
    kept, depth, skip = [], 0, False
    for line in (HERE / "sweeps" / "files.textproto").read_text().splitlines():
        if depth == 0 and line.startswith(("grid", "seeds", "hyperparameters", "training")):
            skip = True
        depth += line.count("{") - line.count("}")
        if not skip:
            kept.append(line.replace('name: "files"', f'name: "{name}"'))
        skip = skip and depth > 0
    for row in rows_of(folder / "networks.csv"):
        kept.append(f'import {{ path: "{folder}/{row["task"]}/networks/{row["key"]}.npz" task: '
                    f'"{row["task"]}" architecture: "{row["architecture"]}" activation: '
                    f'"{row["activation"]}" }}')
    path = folder.parent / "again.textproto"
    path.write_text("\n".join(kept) + "\n")
    return path


def compare_with_imports(folder, out):
    """States and distances of networks that came back, byte for byte."""
    compared = 0
    for path in sorted(folder.glob("*/distances/*.npy")) + sorted(folder.glob("*/states/*.npy")):
        relative = path.relative_to(folder)
        name = relative.name
        if relative.parts[1] == "states":
            name = f"{relative.parts[0]}-import-{name}"
        assert path.read_bytes() == (out / relative.parent / name).read_bytes(), relative
        compared += 1
    assert compared >= 15 + NETWORKS, compared


def check_imports(folder):
    """Another farm that knows nothing of them: the same distances, byte for byte."""
    again = farm.Farm("again")
    again.start_coordinator()
    again.client("sweep", "submit", str(import_sweep(folder)))
    again.start_worker("other")
    again.watch("again")
    out = pathlib.Path(again.folder, "results")
    again.client("pull", "again", str(out))
    compare_with_imports(folder, out)
    assert farm.terminate(again.coordinator) == 0
    again.passed = True
    again.close()


def check_round_trip(running, folder):
    """The same farm: what was pulled comes back under the name of the sweep that was deleted, and
    ends with the same states and distances."""
    kept = running.client("sweep", "delete", SWEEP, check=False)
    assert kept.returncode == 2 and "--yes" in kept.stderr, kept.stderr
    running.client("sweep", "delete", SWEEP, "--yes")
    gone = running.client("pull", SWEEP, str(folder), check=False)
    assert gone.returncode == 3 and "there is no sweep" in gone.stderr, gone.stderr
    assert not running.client("sweep", "list", "-o", "name").stdout
    running.client("sweep", "submit", str(import_sweep(folder, name=SWEEP)))
    running.watch(SWEEP)
    out = pathlib.Path(running.folder, "round-trip")
    running.client("pull", SWEEP, str(out))
    compare_with_imports(folder, out)


def recordings(folder, key):
    """The activity of one network as recordings: itself, turned, and one of too few trials."""
    states = np.load(folder / "sine" / "states" / f"{key}.npy")
    turn, _ = np.linalg.qr(np.random.default_rng(4).standard_normal((states.shape[2],) * 2))
    np.save(folder.parent / "itself.npy", states.reshape(-1, states.shape[2]))
    np.savez(folder.parent / "turned.npz", states=states.astype(np.float64) @ turn)
    np.save(folder.parent / "short.npy", states[1:])


def check_recordings(folder):
    """Recorded activity among networks: as near to one as its own states are."""
    keys = [row["key"] for row in rows_of(folder / "networks.csv")
            if row["task"] == "sine" and row["included"] == "true"]
    assert len(keys) > 3
    recordings(folder, keys[1])
    imports = [f'import {{ path: "{folder}/sine/networks/{row["key"]}.npz" architecture: '
               f'"{row["architecture"]}" activation: "{row["activation"]}" }}'
               for row in rows_of(folder / "networks.csv") if row["key"] in keys]
    imports += [f'import {{ path: "{folder.parent}/{name}" architecture: "recording" }}'
                for name in ("itself.npy", "turned.npz", "short.npy")]
    path = folder.parent / "recorded.textproto"
    path.write_text(RECORDED + "\n".join(imports) + "\n")
    recorded = farm.Farm("recorded")
    recorded.start_coordinator()
    recorded.client("sweep", "submit", str(path))
    recorded.start_worker("listener")
    recorded.client("watch", "recorded")
    ended = recorded.client("watch", "recorded", "--exit-status", check=False)
    assert ended.returncode == 5, ended
    told = recorded.client("logs", "--failed", "recorded").stdout
    assert "the probe of its task has" in told and "sine-import-short" in told, told
    out = pathlib.Path(recorded.folder, "results")
    recorded.client("pull", "recorded", str(out))
    recorded.client("report", str(out), "--out", str(out / "report.html"))
    place = {row["key"]: i for i, row in enumerate(rows_of(out / "sine/distances/index.csv"))}
    for metric in ("cka", "procrustes", "svcca"):
        distances = np.load(out / "sine" / "distances" / f"{metric}.npy")
        assert len(distances) == len(keys) + 2, (metric, distances.shape)
        network = distances[place[f"sine-import-{keys[1]}"]]
        itself = distances[place["sine-import-itself"]]
        turned = distances[place["sine-import-turned"]]
        assert np.allclose(itself, network, atol=1e-4) and np.allclose(turned, network, atol=1e-3)
        assert network.max() > 0.05, "others are elsewhere"
    left = rows_of(out / "sine/distances/fixed_point_graph_index.csv")
    assert not any("itself" in row["key"] and row.get("row") for row in left), left
    row = next(row for row in rows_of(out / "networks.csv") if row["key"] == "sine-import-itself")
    assert row["architecture"] == "recording" and row["included"] == "true", row
    record = json.loads(recorded.client("networks", "show", "recorded/sine-import-itself", "-o",
                                        "json").stdout)
    assert "fixed_points" not in record and "fixed_points" not in record["artifacts"], record
    told = (out / "sine/statistics.json").read_text()
    assert "it has no fixed_points file" in told, told
    assert not (out / "sine/networks/sine-import-itself.npz").exists()
    recorded.passed = True
    recorded.close()


def main():
    running = farm.Farm("files")
    running.start_coordinator()
    running.client("sweep", "submit", str(HERE / "sweeps" / "files.textproto"))
    running.start_worker("worker")
    running.watch(SWEEP)
    calm = pathlib.Path(running.folder, "calm")
    running.client("pull", SWEEP, str(calm), *FORMATS)
    check_manifest(calm)
    check_narrower_pulls(running, calm)
    check_hdf5(calm)
    check_torch(calm)
    check_cells(calm)
    check_example(calm, running.folder)
    check_figures(running, calm)
    killed = check_kills(running, calm)
    check_flipped_bytes(running, killed)
    check_imports(calm)
    check_recordings(calm)
    refused = running.client("pull", SWEEP, str(calm), "--format", "pt", "--only", "states",
                             check=False)
    assert refused.returncode == 2 and "add networks to --only" in refused.stderr, refused.stderr
    check_round_trip(running, calm)
    running.passed = True
    return 0


if __name__ == "__main__":
    sys.exit(main())

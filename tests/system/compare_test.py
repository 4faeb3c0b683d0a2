"""`rnnfarm compare` as a process: killed and gone on with, against a sweep's networks, wrong input."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

import numpy as np

import farm

PROGRAM = os.path.join(farm.BIN, "rnnfarm")
NETWORKS = 330  # six blocks of tiles
SAMPLES, UNITS = 1500, 48
TILES_BEFORE_THE_KILL = 4


def compare(*arguments, code=0):
    # The time limit is ctest's: sanitizers make this many times slower.
    done = subprocess.run([PROGRAM, "compare", *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == code, f"exit {done.returncode}, not {code}:\n{done.stdout}{done.stderr}"
    return done


def write_networks(folder, count):
    folder.mkdir(parents=True)
    rng = np.random.RandomState(5)
    signal_part = rng.randn(SAMPLES, UNITS)
    for i in range(count):
        states = signal_part @ rng.randn(UNITS, UNITS) / 7 + rng.randn(SAMPLES, UNITS)
        np.save(folder / f"net{i:03d}.npy", states.reshape(15, 100, UNITS).astype(np.float32))


def check_kill(task, recording, out):
    """SIGKILL in the middle; the second run takes up the finished tiles and ends with the same."""
    command = [recording, "--with", task, "--metric", "procrustes", "--threads", 1]
    compare(*command, "--out", out / "calm")
    killed = out / "killed"
    running = subprocess.Popen([PROGRAM, "compare", *map(str, command), "--out", str(killed)],
                               stdout=subprocess.DEVNULL)

    def tiles():
        return sorted(killed.glob(".unfinished/tile-*.npz"))

    farm.wait_until(lambda: len(tiles()) >= TILES_BEFORE_THE_KILL or running.poll() is not None,
                    "some tiles", 120)
    assert running.poll() is None, "it ended before it could be killed"
    running.send_signal(signal.SIGKILL)
    running.wait()
    finished = {tile.name: tile.stat().st_mtime_ns for tile in tiles()}
    assert TILES_BEFORE_THE_KILL <= len(finished) < 21, len(finished)
    # Where they lie while the second run is at work.
    kept = out / "kept"
    shutil.copytree(killed / ".unfinished", kept)
    compare(*command[:-2], "--threads", 2, "--out", killed)
    names = sorted(file.name for file in (out / "calm").iterdir())
    assert names == ["comparison.json", "index.csv", "nearest.csv", "procrustes.npy",
                     "procrustes_mds.csv"], names
    summary = json.loads((out / "calm" / "comparison.json").read_text())
    assert summary["settings"] == {"alpha": 1, "euclidean": 0} and 0 < summary["stress1"] < 1
    assert sorted(file.name for file in killed.iterdir()) == names
    for name in names:
        assert (out / "calm" / name).read_bytes() == (killed / name).read_bytes(), name
    # With a finished tile spoilt the result is another: they were used and not computed again.
    spoilt = out / "spoilt"
    shutil.copytree(kept, spoilt / ".unfinished")
    for tile in spoilt.glob(".unfinished/tile-*.npz"):
        with np.load(tile) as arrays:
            changed = {name: arrays[name] for name in arrays.files}
        changed["distances"] = changed["distances"] + 1
        np.savez(tile, **changed)
    compare(*command, "--out", spoilt)
    first, second = (np.load(folder / "procrustes.npy") for folder in (out / "calm", spoilt))
    assert np.sum(np.abs(first - second) > 0.5) > 4000


def check_nearest(task, recording):
    done = compare(recording, "--with", task, "--metric", "cka", "-o", "json")
    result = json.loads(done.stdout)
    distances = np.array(result["distances"])
    assert distances.shape == (NETWORKS + 1, NETWORKS + 1)
    assert result["labels"][0] == str(recording) and result["labels"][1] == "net000"
    nearest = result["nearest"][0]
    assert len(nearest) == 10 and nearest[0]["network"] == "net007", nearest
    assert nearest[0]["distance"] < 1e-6
    order = np.argsort(distances[0, 1:], kind="stable")[:10]
    assert [entry["network"] for entry in nearest] == [f"net{i:03d}" for i in order]
    assert "net007" in compare(recording, "--with", task, "--option", "variance=0.8").stdout


def check_wrong_input(task, recording, folder):
    def refused(code, *arguments, texts):
        said = compare(*arguments, code=code).stderr
        for text in texts:
            assert re.search(text, said), f"nothing like {text!r} in:\n{said}"

    good = np.load(recording)
    holed = good.copy()
    holed[1, 2, 3] = np.nan
    for name, array in (("holed", holed), ("constant", np.ones_like(good)), ("empty", good[:0]),
                        ("short", good[:9])):
        np.save(folder / f"{name}.npy", array)
    refused(2, recording, folder / "holed.npy", texts=["holed.npy: unit 3 of sample 102 is NaN"])
    refused(2, recording, folder / "constant.npy", texts=["constant.npy: every unit is constant"])
    refused(2, recording, folder / "empty.npy", texts=["empty.npy: 0 samples"])
    refused(2, recording, folder / "short.npy", texts=["short.npy has 900 samples, .* has 1500"])
    refused(2, recording, folder / "absent.npy", texts=["absent.npy"])
    refused(2, recording, texts=["at least two files"])
    refused(2, recording, recording, "--metric", "svca", texts=["svca.*did you mean svcca"])
    refused(2, recording, recording, "--option", "variance=2", texts=["variance is 2"])
    refused(2, recording, recording, "--option", "variance", texts=["name=number"])
    refused(2, recording, "--with", folder, texts=["holds no networks"])
    # A network of the sweep that cannot be compared is told and left out.
    shutil.copy(folder / "constant.npy", task / "states" / "zzz.npy")
    done = compare(recording, "--with", task)
    assert "zzz is left out: " in done.stderr and "constant" in done.stderr, done.stderr
    (task / "states" / "zzz.npy").unlink()


def main():
    with tempfile.TemporaryDirectory(prefix="rnnfarm-compare-") as name:
        folder = pathlib.Path(name)
        task = folder / "results" / "flipflop"
        write_networks(task / "states", NETWORKS)
        # A recording of the seventh network by other units.
        recording = folder / "recording.npy"
        states = np.load(task / "states" / "net007.npy").reshape(SAMPLES, UNITS)
        rotation = np.linalg.qr(np.random.RandomState(1).randn(UNITS, UNITS))[0]
        np.save(recording, (states @ rotation * 3 + 1).reshape(15, 100, UNITS))
        check_nearest(task, recording)
        check_wrong_input(task, recording, folder)
        check_kill(task, recording, folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())

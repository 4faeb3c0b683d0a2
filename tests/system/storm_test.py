"""A sweep through killed processes ends with the same bytes as a calm one.

In the storm a worker is killed in the middle of a training job, and then the coordinator, which
is started again on the same store; a second worker is told to drain while it trains, and a third
one does the rest. Workers' leases are short, so that the lost jobs come back soon.
"""

import io
import json
import os
import signal
import sys
import zipfile

import numpy

import farm
import results

SWEEP = "three-tasks"
SWEEP_FILE = os.path.join(os.path.dirname(__file__), "sweeps", "three_tasks.textproto")
TASKS = {"memory": 8, "sine": 8, "cued": 4}  # networks, untrained copies included
METRICS = ["svcca", "cka", "procrustes", "fixed_point_graph"]
LEAST_COMPARED = 2  # networks; fewer have no distance
WATCH_SECONDS = 500


def running_training(running, worker):
    """A training job of the worker that has done some of its work, or None."""
    for job in running.jobs(SWEEP):
        if (job["kind"] == "train" and job["state"] == "leased" and job["worker"] == worker
                and job["share"]):
            return job
    return None


def caught_training(running, name):
    """Stops the worker in the middle of a training job, and gives that job. It works undisturbed
    until then: the other workers leave nothing to a worker that is stopped in vain."""
    return farm.wait_until(
        lambda: (running_training(running, name)
                 and running.stopped_in_training(SWEEP, [name]).get(name)),
        f"the worker {name} trains", 180)


def storm():
    hit = farm.Farm("storm", lease_term="3s")
    hit.start_coordinator()
    hit.client("sweep", "submit", SWEEP_FILE)
    first = hit.start_worker("first")
    second = hit.start_worker("second")

    lost = caught_training(hit, "first")
    farm.kill(first)
    print(f"killed the first worker while it trained {lost['subject']} ({lost['share']:.0%})")

    struck = farm.wait_until(lambda: running_training(hit, "second"), "the second worker trains")
    farm.kill(hit.coordinator)
    print(f"killed the coordinator while the second worker trained {struck['subject']}")
    hit.start_coordinator()

    # Alone, so that there is training left for it.
    drained = caught_training(hit, "second")
    hit.start_worker("third")
    second.send_signal(signal.SIGCONT)
    assert farm.terminate(second) == 0, "a drained worker exits with 0"
    print(f"drained the second worker while it trained {drained['subject']}")

    hit.watch(SWEEP, WATCH_SECONDS)
    lost = hit.job(lost["name"])
    assert lost["state"] == "JOB_STATE_SUCCEEDED", lost
    assert lost.get("lost_leases", 0) >= 1, lost
    found = results.collect(hit, SWEEP, sum(TASKS.values()))
    hit.passed = True
    hit.close()
    return found


def arrays_of(path, content):
    """Opens the file as people do; a dictionary of arrays."""
    if path.endswith(".npy"):
        return {"": numpy.load(io.BytesIO(content), allow_pickle=False)}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None, path
    with numpy.load(io.BytesIO(content), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def check_comparisons(task, count, files):
    statistics = json.loads(files[f"{task}/statistics.json"])["metrics"]
    for metric in METRICS:
        path = f"{task}/distances/{metric}.npy"
        told = statistics[metric]
        # Only graphs of the modal number of nodes are compared, and there may not be two of them.
        assert told["networks"] + len(told["excluded"]) == count, (task, metric, told)
        assert told["networks"] == count or metric == "fixed_point_graph", (task, metric, told)
        assert all(network["reason"] for network in told["excluded"]), (task, metric, told)
        if told["networks"] < LEAST_COMPARED:
            assert path not in files and told["reason"], (task, metric, told)
            continue
        distances = arrays_of(path, files[path])[""]
        compared = len(distances)
        assert compared == told["networks"], (task, metric, compared)
        assert distances.shape == (compared, compared), (task, metric, distances.shape)
        assert numpy.isfinite(distances).all(), (task, metric)
        embedding = files[f"{task}/embeddings/{metric}.csv"].decode().splitlines()
        assert len(embedding) == compared + 1, (task, metric, len(embedding))


def check_complete(files):
    """Every file that a user is promised is there and NumPy opens it."""
    for task, count in TASKS.items():
        of_task = [path for path in files if path.startswith(task + "/")]
        kinds = {kind: [path for path in of_task if path.startswith(f"{task}/{kind}/")]
                 for kind in ("networks", "states", "fixed_points")}
        assert len(kinds["states"]) == count, kinds["states"]
        assert len(kinds["fixed_points"]) == count, kinds["fixed_points"]
        assert len(kinds["networks"]) >= count // 2, kinds["networks"]
        check_comparisons(task, count, files)
        assert f"{task}/distances/index.csv" in files, sorted(of_task)
    assert "memory/distances/fixed_point_graph.npy" in files, "graphs were not compared"
    for path, content in files.items():
        if path.endswith((".npy", ".npz")):
            for name, array in arrays_of(path, content).items():
                assert array.dtype != object, (path, name)


def main():
    calm = results.calm(SWEEP, SWEEP_FILE, sum(TASKS.values()), WATCH_SECONDS)
    check_complete(calm.files)
    results.assert_same(calm, storm())


if __name__ == "__main__":
    sys.exit(main())

"""What a sweep comes to: its files and its jobs' artifacts, and whether two runs came to the same."""

import collections
import os

import farm

ENDED = ("JOB_STATE_SUCCEEDED", "JOB_STATE_DIVERGED", "JOB_STATE_CANCELLED")

# Pulled files by path, the artifacts of each job by its name, and the jobs themselves.
Results = collections.namedtuple("Results", "files artifacts jobs")


def collect(running, sweep, network_count):
    """Everything of a sweep that has ended, checked to be complete and committed once."""
    out = os.path.join(running.folder, "results")
    running.client("pull", sweep, out)
    assert os.path.exists(os.path.join(out, "manifest.json")), "no manifest"
    jobs = [running.job(row["name"]) for row in running.jobs(sweep)]
    for job in jobs:
        assert job["state"] in ENDED, job
        check_attempts(job)
    networks = running.rows("networks", sweep, "--limit", "0")
    assert len(networks) == network_count, len(networks)
    states = {network["state"] for network in networks}
    assert states == {"analyzed"}, states
    return Results(farm.files_under(out),
                   {job["name"]: job.get("artifacts", {}) for job in jobs}, jobs)


def check_attempts(job):
    """At most one attempt committed, the last one leased; all the others came to nothing."""
    attempts = job.get("attempts", [])
    committed = [attempt for attempt in attempts
                 if attempt["outcome"] in ("succeeded", "diverged")]
    assert all(attempt["outcome"] for attempt in attempts), job
    if job["state"] == "JOB_STATE_CANCELLED":
        assert not committed, job
        return
    assert len(committed) == 1, job
    numbers = [int(attempt["attempt"]) for attempt in attempts]
    assert numbers == sorted(set(numbers)), job
    assert int(committed[0]["attempt"]) <= int(job["attempt"]), job


def calm(sweep, sweep_file, network_count, seconds):
    """The results of a coordinator and one worker that nothing happens to."""
    running = farm.Farm("calm")
    running.start_coordinator()
    running.client("sweep", "submit", sweep_file)
    worker = running.start_worker("alone")
    running.watch(sweep, seconds)
    results = collect(running, sweep, network_count)
    assert farm.terminate(worker) == 0, "a drained worker exits with 0"
    assert farm.terminate(running.coordinator) == 0, "a coordinator told to end exits with 0"
    running.passed = True
    running.close()
    print(f"calm run: {len(results.files)} files, {len(results.jobs)} jobs", flush=True)
    return results


def assert_same(first, second):
    assert first.artifacts.keys() == second.artifacts.keys()
    different = [name for name in first.artifacts
                 if first.artifacts[name] != second.artifacts[name]]
    assert not different, f"artifacts of these jobs differ: {different}"
    assert first.files.keys() == second.files.keys(), first.files.keys() ^ second.files.keys()
    different = [path for path in first.files if first.files[path] != second.files[path]]
    assert not different, f"these files differ: {different}"
    artifacts = sum(map(len, second.artifacts.values()))
    print(f"the same {len(second.files)} files and {artifacts} artifacts as in the calm run",
          flush=True)

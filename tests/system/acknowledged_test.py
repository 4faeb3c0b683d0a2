"""What a client was told to be done is done, though the coordinator is killed at once after it."""

import os
import sys

import farm

SWEEP = "memory"
SWEEP_FILE = os.path.join(os.path.dirname(__file__), "sweeps", "memory.textproto")
JOBS = 13  # six trainings, six analyses, one comparison


def acknowledged(running, *command):
    """The call, and kill -9 as soon as its OK is here."""
    running.client(*command)
    farm.kill(running.coordinator)
    running.start_coordinator()


def state_of(running, sweep):
    return {row["name"]: row["state"] for row in running.rows("sweep")}[sweep]


def check_submit_pause_resume(running):
    acknowledged(running, "sweep", "submit", SWEEP_FILE)
    assert len(running.jobs(SWEEP)) == JOBS, "submitted"
    acknowledged(running, "sweep", "pause", SWEEP)
    assert state_of(running, SWEEP) == "paused"
    acknowledged(running, "sweep", "resume", SWEEP)
    assert state_of(running, SWEEP) == "running"


def check_retry(running):
    """Jobs that run out of time fail; tried again they wait for a worker that is gone by then."""
    running.client("sweep", "submit", SWEEP_FILE, "--set", "name=hasty", "--set",
                   "training.iterations=100000000", "--set", "limits.job_timeout=1s", "--set",
                   "limits.max_attempts=1")
    worker = running.start_worker("hasty")

    def failed():
        return {job["name"] for job in running.jobs("hasty") if job["state"] == "failed"}

    farm.wait_until(lambda: len(failed()) == 6, "the trainings fail", 180)
    assert farm.terminate(worker) == 0
    before = failed()
    acknowledged(running, "retry", "hasty", "--failed")
    states = {job["name"]: job["state"] for job in running.jobs("hasty")}
    assert {states[name] for name in before} == {"pending"}, states


def check_cancel(running):
    acknowledged(running, "sweep", "cancel", SWEEP)
    assert state_of(running, SWEEP) == "cancelled"
    assert {job["state"] for job in running.jobs(SWEEP)} == {"cancelled"}


def check_drain(running):
    """An idle worker that is asked to drain ends, whoever is there to tell it."""
    worker = running.start_worker("tired")
    running.wait_for_workers(["tired"])
    acknowledged(running, "workers", "drain", "tired")
    farm.wait_until(lambda: worker.poll() is not None, "the worker has ended", 60)
    assert worker.returncode == 0, worker.returncode


def main():
    running = farm.Farm("acknowledged")
    running.start_coordinator()
    check_drain(running)
    check_submit_pause_resume(running)
    check_cancel(running)
    check_retry(running)
    running.passed = True
    running.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

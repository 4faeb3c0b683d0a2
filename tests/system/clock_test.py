"""A worker whose machine's clock is set hours ahead and back while it trains: it keeps its lease and
its limits, since it counts pauses and limits by a clock that nobody sets. By libfaketime; without
it the test is skipped (exit code 77).
"""

import glob
import os
import sys
import time

import farm

SKIPPED = 77
LIBRARIES = "/usr/lib/*/faketime/libfaketimeMT.so.1"
SWEEP = """name: "clock"
task { name: "memory" flip_flop { bits: 1 steps: 40 } }
grid { architecture: "gru" activation: "tanh" units: 48 l2: 1e-4 }
seeds { count: 1 }
hyperparameters { learning_rate: 0.05 lr_decay: 0.5 momentum: 0.9 clip_norm: 1 }
training { iterations: %d batch_size: 32 validation_trials: 16 log_every: 20 }
analysis { metric { svcca {} } fixed_points { starts: 8 rounds: 1 } }
limits { job_timeout: "3600s" max_attempts: 1 }
"""
ITERATIONS = 50_000_000  # it is cancelled in the end
LEASE_SECONDS = 6
# Further than the job's limit and the outage that a worker bears.
STEPS = ("+5h", "-5h", "+0")


class Clock:
    """The wall clock of a process; the steady one goes on as it is."""

    def __init__(self, folder, library):
        self.file = os.path.join(folder, "clock")
        self.set("+0")
        self.inside = ["env", f"LD_PRELOAD={library}", f"FAKETIME_TIMESTAMP_FILE={self.file}",
                       "FAKETIME_CACHE_DURATION=1", "FAKETIME_DONT_FAKE_MONOTONIC=1",
                       "DONT_FAKE_MONOTONIC=1"]

    def set(self, offset):
        with open(self.file + ".part", "w", encoding="ascii") as file:
            file.write(offset + "\n")
        os.replace(self.file + ".part", self.file)


def progress(running, job):
    return int(running.job(job).get("progress", {}).get("iteration", 0))


def main():
    libraries = glob.glob(LIBRARIES)
    if not libraries:
        print("skipped: no libfaketime")
        return SKIPPED
    running = farm.Farm("clock", lease_term=f"{LEASE_SECONDS}s")
    running.start_coordinator()
    file = os.path.join(running.folder, "sweep.textproto")
    with open(file, "w", encoding="ascii") as text:
        text.write(SWEEP % ITERATIONS)
    running.client("sweep", "submit", file)
    clock = Clock(running.folder, libraries[0])
    running.start_worker("w", threads=1, inside=clock.inside)
    job = running.jobs("clock")[0]["name"]
    for step in STEPS:
        before = progress(running, job)
        # Told by a Sync, of which there is more than one a term.
        farm.wait_until(lambda: progress(running, job) > before, f"it trains before {step}")
        clock.set(step)
        time.sleep(2 * LEASE_SECONDS)
        at = running.job(job)
        assert at["state"] == "JOB_STATE_LEASED", f"it ended before the clock was set: {at}"
        assert at["attempt"] == "1" and not at.get("lost_leases") and not at.get("errors"), at
    assert progress(running, job) > before
    running.client("sweep", "cancel", "clock")
    assert farm.terminate(running.processes["w"]) == 0
    running.passed = True
    running.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

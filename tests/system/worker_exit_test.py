"""How a worker's process ends: what Slurm's requeue and a pod's failure policy look at."""

import sys

import farm

DRAINED, TRY_AGAIN, BAD_CONFIGURATION = 0, 75, 78


def main():
    running = farm.Farm("worker-exit")
    running.start_coordinator()

    drained = running.start_worker("drained")
    running.wait_for_workers(["drained"])
    running.client("workers", "drain", "drained")
    assert drained.wait(60) == DRAINED, "told by the coordinator"

    terminated = running.start_worker("terminated")
    running.wait_for_workers(["terminated"])
    assert farm.terminate(terminated) == DRAINED, "told by a signal"

    unknown = running.start_worker("unknown", flags=["--engine=steam"])
    assert unknown.wait(60) == BAD_CONFIGURATION
    assert "steam" in running.log("unknown"), running.log("unknown")

    lonely = running.start_worker("lonely", coordinator=f"127.0.0.1:{farm.free_port()}",
                                  flags=["--outage_limit=1s"])
    assert lonely.wait(60) == TRY_AGAIN, "nobody answers"
    running.passed = True
    running.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

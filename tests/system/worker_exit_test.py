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

    # A device that there is on no machine, and on most machines none at all: one sentence either way.
    device = running.start_worker("device", flags=["--engine=cuda", "--devices=4711"])
    assert device.wait(60) == BAD_CONFIGURATION
    said = [line for line in running.log("device").splitlines() if "rnnfarm-worker:" in line]
    assert len(said) == 1, running.log("device")
    assert "--engine=cpu" in said[0] or "device 4711" in said[0], said[0]

    chosen = running.start_worker("chosen", flags=["--engine=auto"])
    running.wait_for_workers(["chosen"])
    assert farm.terminate(chosen) == DRAINED
    engine, = (row["engine"] for row in running.rows("workers") if row["name"] == "chosen")
    assert engine == "cuda" or "no device to train on" in running.log("chosen"), engine

    lonely = running.start_worker("lonely", coordinator=f"127.0.0.1:{farm.free_port()}",
                                  flags=["--outage_limit=1s"])
    assert lonely.wait(60) == TRY_AGAIN, "nobody answers"
    running.passed = True
    running.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

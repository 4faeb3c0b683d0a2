"""A sweep through connections that are delayed, torn, reset and silent ends with the same bytes.

The workers reach the coordinator through a proxy each, which misbehaves by a seed; while they
train, each is partitioned in its turn for longer than its lease: in both directions, only towards
the coordinator, only from it. When they are let back, every connection is torn.
"""

import os
import signal
import sys
import time

import chaos_proxy
import farm
import results

SWEEP = "memory"
SWEEP_FILE = os.path.join(os.path.dirname(__file__), "sweeps", "memory.textproto")
NETWORKS = 6
WATCH_SECONDS = 500
LEASE_SECONDS = 6
PARTITIONS = {"first": ("up", "down"), "second": ("up",), "third": ("down",)}


def proxied(running, seed):
    port = int(running.address.rsplit(":", 1)[1])
    return {name: chaos_proxy.ChaosProxy(port, f"{seed}/{name}") for name in PARTITIONS}


def lose_leases(running, proxies):
    """Each worker is cut off while it trains, until its job was given up, and then let back."""
    cut = {}

    def cut_those_that_train():
        left = [name for name in proxies if name not in cut]
        for name, job in running.stopped_in_training(SWEEP, left).items():
            proxies[name].partition(*PARTITIONS[name])
            running.processes[name].send_signal(signal.SIGCONT)
            cut[name] = job
            print(f"{name}: nothing passes {' nor '.join(PARTITIONS[name])} while it trains {job['subject']}",
                  flush=True)
        return len(cut) == len(proxies)

    farm.wait_until(cut_those_that_train, "each worker trains and is cut off", 300)
    for name, job in cut.items():
        farm.wait_until(lambda: running.was_lost(job), f"the lease of {name} runs out", 60)
    for proxy in proxies.values():
        proxy.heal()
        proxy.tear()


def through_chaos(seed):
    running = farm.Farm("chaos", lease_term=f"{LEASE_SECONDS}s")
    running.start_coordinator()
    proxies = proxied(running, seed)
    for name, proxy in proxies.items():
        proxy.__enter__()
        running.start_worker(name, threads=1, coordinator=proxy.address)
    running.wait_for_workers(proxies)
    running.client("sweep", "submit", SWEEP_FILE)
    lose_leases(running, proxies)
    running.watch(SWEEP, WATCH_SECONDS)
    found = results.collect(running, SWEEP, NETWORKS)
    for proxy in proxies.values():
        proxy.__exit__()
    count = sum((proxy.count for proxy in proxies.values()), start=type(proxies["first"].count)())
    print(", ".join(f"{number} {what}" for what, number in sorted(count.items())), flush=True)
    assert count["resets"] + count["half-closes"] > 0 and count["splits"] > 0, count
    running.passed = True
    running.close()
    return found


def main():
    seed = sys.argv[1] if len(sys.argv) > 1 else str(time.time_ns())
    print(f"seed {seed}", flush=True)
    calm = results.calm(SWEEP, SWEEP_FILE, NETWORKS, WATCH_SECONDS)
    results.assert_same(calm, through_chaos(seed))


if __name__ == "__main__":
    sys.exit(main())

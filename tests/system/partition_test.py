"""Workers that are cut off for longer than their lease lose nothing and commit nothing twice.

Coordinator and workers live in network namespaces of their own, joined by veth pairs; nftables
drops packets (silence) or answers them with TCP resets, in one direction or in both. Skipped (exit
code 77) where namespaces or nftables are not to be had.
"""

import atexit
import os
import signal
import subprocess
import sys

import farm
import results

SKIPPED = 77
SWEEP = "memory"
SWEEP_FILE = os.path.join(os.path.dirname(__file__), "sweeps", "memory.textproto")
NETWORKS = 6
WATCH_SECONDS = 500
PORT = 7070
# Worker to what its namespace does with packets from and to the coordinator. A reset that is sent
# where packets leave comes back to the sender; where they arrive, it goes to the other side.
DROP, RESET = "drop", "meta l4proto tcp reject with tcp reset"
RULES = {
    "silent": {"input": DROP, "output": DROP},
    "mute": {"output": DROP},
    "deaf": {"input": DROP},
    "refused": {"input": RESET, "output": RESET},
    "refusing": {"input": RESET},
}


def run(*command, given=None):
    done = subprocess.run(command, capture_output=True, text=True, input=given)
    if done.returncode != 0:
        raise OSError(f"{' '.join(command)}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


class Network:
    """One namespace for the coordinator, one for each worker and a cable between them."""

    def __init__(self):
        self.prefix = f"rnnfarm{os.getpid()}"
        self.made = []
        atexit.register(self.remove)
        self.add("hub")
        for number, worker in enumerate(RULES, start=1):
            self.add(worker)
            self.connect(worker, number)

    def name(self, which):
        return f"{self.prefix}-{which}"

    def inside(self, which):
        return ["ip", "netns", "exec", self.name(which)]

    def add(self, which):
        run("ip", "netns", "add", self.name(which))
        self.made.append(which)
        run(*self.inside(which), "ip", "link", "set", "lo", "up")

    def connect(self, worker, number):
        hub, end = f"hub{number}", "coordinator"
        run("ip", "link", "add", hub, "netns", self.name("hub"), "type", "veth",
            "peer", "name", end, "netns", self.name(worker))
        for which, link, host in (("hub", hub, 1), (worker, end, 2)):
            run(*self.inside(which), "ip", "address", "add", f"10.77.{number}.{host}/24", "dev",
                link)
            run(*self.inside(which), "ip", "link", "set", link, "up")

    def coordinator_for(self, worker):
        return f"10.77.{list(RULES).index(worker) + 1}.1:{PORT}"

    def cut(self, worker):
        rules = ["add table inet cut"]
        for hook, verdict in RULES[worker].items():
            side = "iifname" if hook == "input" else "oifname"
            rules += [f"add chain inet cut {hook} {{ type filter hook {hook} priority 0; }}",
                      f'add rule inet cut {hook} {side} "coordinator" {verdict}']
        run(*self.inside(worker), "nft", "-f", "-", given="\n".join(rules) + "\n")

    def heal(self, worker):
        run(*self.inside(worker), "nft", "delete", "table", "inet", "cut")

    def remove(self):
        while self.made:
            subprocess.run(["ip", "netns", "delete", self.name(self.made.pop())],
                           capture_output=True)


def network_or_reason():
    """A network whose rules can be set, or why there is none."""
    try:
        network = Network()
        for worker in RULES:
            network.cut(worker)
            network.heal(worker)
        return network, None
    except OSError as error:
        return None, str(error)


def cut_all(running, network):
    """Cuts each worker off while it trains, until its lease is lost; then lets all of them back."""
    cut = {}

    def cut_those_that_train():
        left = [name for name in RULES if name not in cut]
        for name, job in running.stopped_in_training(SWEEP, left).items():
            network.cut(name)
            running.processes[name].send_signal(signal.SIGCONT)
            cut[name] = job
            print(f"{name}: {RULES[name]} while it trains {job['subject']}",
                  flush=True)
        return len(cut) == len(RULES)

    farm.wait_until(cut_those_that_train, "each worker trains and is cut off", 300)
    for worker, job in cut.items():
        farm.wait_until(lambda: running.was_lost(job), f"the lease of {worker} runs out", 120)
    for worker in RULES:
        network.heal(worker)


def partitioned(network):
    running = farm.Farm("partition", lease_term="6s", address=f"127.0.0.1:{PORT}",
                        inside=network.inside("hub"))
    running.start_coordinator(f"--listen=0.0.0.0:{PORT}", "--insecure")
    for worker in RULES:
        running.start_worker(worker, threads=1, coordinator=network.coordinator_for(worker),
                             inside=network.inside(worker))
    running.wait_for_workers(RULES)
    running.client("sweep", "submit", SWEEP_FILE)
    cut_all(running, network)
    running.watch(SWEEP, WATCH_SECONDS)
    found = results.collect(running, SWEEP, NETWORKS)
    for worker in RULES:
        assert farm.terminate(running.processes[worker]) == 0, f"{worker} came back and drained"
    running.passed = True
    running.close()
    return found


def main():
    network, reason = network_or_reason()
    if network is None:
        print(f"skipped: no network namespaces with nftables here: {reason}")
        return SKIPPED
    calm = results.calm(SWEEP, SWEEP_FILE, NETWORKS, WATCH_SECONDS)
    results.assert_same(calm, partitioned(network))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The long storm: a real sweep, at least 30 kills, the same bytes at the end as without.

    deploy/test --storm [SEED]

Kills (SIGKILL) strike coordinator and workers at moments drawn from the seed, which is printed, and
besides that at least once in each phase: search, training, analysis and comparison. Some workers
are stopped (SIGSTOP) until their lease has gone to another and then come back from the dead: what
they say then must not count. Nothing may be lost, nothing committed twice, and every network,
state, fixed point, distance and embedding must be the same bytes as in a calm run.
"""

import collections
import json
import os
import random
import signal
import subprocess
import sys
import time

import farm
import results

SWEEP = "storm"
SWEEP_FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sweeps", "storm.textproto")
NETWORKS = 30
CALM_SECONDS = 600
STORM_SECONDS = 780
LEAST_KILLS = 30
LEAST_OF_EACH = 8  # kills of the coordinator, and of workers
GHOSTS = 3         # workers that come back from the dead
WORKERS = 3
LEASE_TERM = "4s"
# A job that has lost so many leases is left in peace: with the fifth it would be quarantined, as
# one that kills its workers.
MOST_LOST_LEASES = 3
LONGEST_PAUSE_SECONDS = 3.0  # between two kills, and before what was killed is started again
# The kills are to be over when this share of the jobs is done.
STORM_SHARE = 0.85
COORDINATOR_SHARE = 0.4  # of the kills at random
COORDINATOR = "coordinator"
OPEN = ("pending", "leased", "held")


class Storm:
    def __init__(self, seed):
        self.dice = random.Random(seed)
        self.running = farm.Farm("storm", lease_term=LEASE_TERM)
        self.kills = collections.Counter()  # by (victim's kind, phase)
        self.restarts = collections.Counter()
        self.started = 0
        self.workers = []
        self.ghosts = []  # (worker, job, attempt)

    # ---- What runs ----

    def start_worker(self):
        # A name of its own each time, as a process of a cluster has.
        self.started += 1
        name = f"worker{self.started}"
        self.running.start_worker(name, threads=1)
        self.workers.append(name)

    def jobs(self):
        return self.running.jobs(SWEEP)

    def kill_worker(self, name, phase):
        farm.kill(self.running.processes[name])
        self.workers.remove(name)
        self.kills["worker", phase] += 1
        time.sleep(self.dice.uniform(0, LONGEST_PAUSE_SECONDS / 2))
        self.start_worker()
        self.restarts["worker"] += 1

    def kill_coordinator(self, phase):
        farm.kill(self.running.coordinator)
        self.kills[COORDINATOR, phase] += 1
        time.sleep(self.dice.uniform(0, LONGEST_PAUSE_SECONDS / 2))
        self.running.start_coordinator("--comparison_threads=1")
        self.restarts[COORDINATOR] += 1

    # ---- What strikes ----

    def killed(self, victim=None):
        return sum(number for (kind, _), number in self.kills.items() if victim in (None, kind))

    def strike(self, jobs):
        """One kill, in a phase that was not hit yet if one is under way, else at random."""
        held = {job["worker"]: job["kind"] for job in jobs if job["state"] == "leased"}
        spared = {job["worker"] for job in jobs
                  if job["state"] == "leased" and job["lost_leases"] >= MOST_LOST_LEASES}
        victims = [worker for worker in self.workers if worker not in spared]
        fresh = [(worker, held[worker]) for worker in victims
                 if worker in held and not self.kills["worker", held[worker]]]
        if COORDINATOR in held and not self.kills[COORDINATOR, "compare"]:
            self.kill_coordinator("compare")
        elif fresh:
            self.kill_worker(*fresh[0])
        elif not victims or self.wants_coordinator():
            self.kill_coordinator(held.get(COORDINATOR) or self.most_common(held))
        else:
            name = self.dice.choice(victims)
            self.kill_worker(name, held.get(name, "idle"))

    def wants_coordinator(self):
        if self.killed() > LEAST_KILLS:  # see that each kind gets its due
            return self.killed(COORDINATOR) < LEAST_OF_EACH
        return self.dice.random() < COORDINATOR_SHARE

    @staticmethod
    def most_common(held):
        return collections.Counter(held.values()).most_common(1)[0][0] if held else "idle"

    def raise_ghost(self):
        """Stops a worker that trains until its job is another's, and lets it come back."""
        caught = self.running.stopped_in_training(SWEEP, self.workers)
        bearable = [name for name, job in caught.items() if job["lost_leases"] < MOST_LOST_LEASES]
        for name in caught:
            if name not in bearable[:1]:
                self.running.processes[name].send_signal(signal.SIGCONT)
        if not bearable:
            return
        name, job = bearable[0], caught[bearable[0]]
        farm.wait_until(lambda: self.running.was_lost(job), f"the lease of {name} runs out", 120)
        refused_late_report(self.running, job)
        self.running.processes[name].send_signal(signal.SIGCONT)
        told = f"the lease was dropped [job {job['name']} attempt {job['attempt']}]"
        farm.wait_until(lambda: told in self.running.log(name), f"{name} hears that it lost {job}",
                        120)
        self.ghosts.append((name, job["name"], job["attempt"]))
        print(f"{name} came back from the dead with {job['subject']} attempt {job['attempt']}",
              flush=True)

    # ---- The whole ----

    def over(self, jobs):
        return jobs and all(job["state"] not in OPEN for job in jobs)

    def due(self, jobs, then):
        """Whether a kill is due: kills keep ahead of the work, and come after a pause at least."""
        done = sum(job["state"] not in OPEN for job in jobs) / len(jobs)
        unseen = any(job["state"] == "leased" and not self.kills[
            (COORDINATOR if job["kind"] == "compare" else "worker", job["kind"])] for job in jobs)
        return unseen or time.monotonic() >= then or (
            self.killed() < LEAST_KILLS * done / STORM_SHARE)

    def rage(self):
        then, until = 0, time.monotonic() + STORM_SECONDS
        while not self.over(jobs := self.jobs()):
            assert time.monotonic() < until, f"not over within {STORM_SECONDS} s"
            if self.killed() >= LEAST_KILLS * (len(self.ghosts) + 1) / (GHOSTS + 1) and (
                    len(self.ghosts) < GHOSTS):
                self.raise_ghost()
            elif self.due(jobs, then) and self.going_on():
                self.strike(jobs)
                then = time.monotonic() + self.dice.uniform(0, LONGEST_PAUSE_SECONDS)
            else:
                time.sleep(farm.POLL_SECONDS)

    def going_on(self):
        """Whether there is a phase to hit or a kill to do still; then the sweep may end in peace."""
        return (self.killed() < LEAST_KILLS or self.killed(COORDINATOR) < LEAST_OF_EACH
                or self.killed("worker") < LEAST_OF_EACH
                or not self.kills[COORDINATOR, "compare"])

    def run(self):
        self.running.start_coordinator("--comparison_threads=1")
        self.running.client("sweep", "submit", SWEEP_FILE)
        for _ in range(WORKERS):
            self.start_worker()
        self.rage()
        self.running.watch(SWEEP)
        found = results.collect(self.running, SWEEP, NETWORKS)
        self.check(found)
        self.running.passed = True
        self.running.close()
        return found

    def check(self, found):
        print("kills: " + ", ".join(f"{number} {victim} in {phase}"
                                    for (victim, phase), number in sorted(self.kills.items())))
        print(f"{self.killed()} kills, {sum(self.restarts.values())} restarts, {len(self.ghosts)} "
              f"back from the dead; {len(found.jobs)} jobs in "
              f"{sum(int(job['attempt']) for job in found.jobs)} attempts, of which "
              f"{sum(job.get('lost_leases', 0) for job in found.jobs)} lost their lease", flush=True)
        assert self.killed() >= LEAST_KILLS, self.kills
        assert min(self.killed(COORDINATOR), self.killed("worker")) >= LEAST_OF_EACH, self.kills
        for phase in ("search", "train", "analyze"):
            assert self.kills["worker", phase], f"no worker was killed in phase {phase}"
        assert self.kills[COORDINATOR, "compare"], "the coordinator was not killed as it compared"
        assert len(self.ghosts) == GHOSTS, self.ghosts
        committed = {job["name"]: attempt["attempt"] for job in found.jobs
                     for attempt in job.get("attempts", []) if attempt["outcome"] == "succeeded"}
        for name, job, attempt in self.ghosts:
            assert committed[job] != str(attempt), f"{name} committed {job} after its lease"


def refused_late_report(running, job):
    """A result of a lost attempt, sent as the worker would, if buf is there to send it."""
    buf = os.environ.get("RNNFARM_BUF")
    if not buf:
        return
    request = {"worker": f"workers/{job['worker']}", "reports": [
        {"job": job["name"], "attempt": job["attempt"], "result": {"diverged": True}}]}
    done = subprocess.run(
        [buf, "curl", "--protocol", "grpc", "--http2-prior-knowledge", "-d", json.dumps(request),
         f"http://{running.address}/rnnfarm.v1.WorkerService/Sync"],
        capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout)["outcomes"][0]
    assert not outcome.get("accepted") and outcome["code"] == "ABORTED", outcome


def main():
    seed = sys.argv[1] if len(sys.argv) > 1 else str(time.time_ns())
    print(f"seed {seed}; once more with: deploy/test --storm {seed}", flush=True)
    began = time.monotonic()
    calm = results.calm(SWEEP, SWEEP_FILE, NETWORKS, CALM_SECONDS)
    print(f"calm: {time.monotonic() - began:.0f} s", flush=True)
    began = time.monotonic()
    found = Storm(seed).run()
    print(f"storm: {time.monotonic() - began:.0f} s", flush=True)
    results.assert_same(calm, found)
    print("checked: every job ended, each with one committed attempt; networks, states, fixed "
          "points, distances, embeddings and statistics byte for byte")


if __name__ == "__main__":
    sys.exit(main())

"""Drives the real programs from outside: a coordinator, workers and the client as processes.

Standard library only. The programs lie in the folder that the environment's RNNFARM_BIN names.
"""

import atexit
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

BIN = os.environ["RNNFARM_BIN"]
POLL_SECONDS = 0.1
MOST_SHARE_IN_THE_MIDDLE = 0.7


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, what, seconds=60):
    """The first true value of condition()."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        value = condition()
        if value:
            return value
        time.sleep(POLL_SECONDS)
    raise AssertionError(f"not within {seconds} s: {what}")


class Farm:
    """One coordinator on a store of its own, and whatever workers are started.

    Everything that runs is ended and every file is removed at exit, also when a test fails; the
    ends of the logs are printed then.
    """

    def __init__(self, label, lease_term="60s", address=None, inside=()):
        """`inside`: what to put before the commands of coordinator and client."""
        self.folder = tempfile.mkdtemp(prefix=f"rnnfarm-{label}-")
        self.store = os.path.join(self.folder, "store")
        self.lease_term = lease_term
        self.address = address or f"127.0.0.1:{free_port()}"
        self.inside = list(inside)
        self.processes = {}
        self.coordinator = None
        self.passed = False
        atexit.register(self.close)

    def close(self):
        if not self.folder:
            return
        for process in self.processes.values():
            if process.poll() is None:
                process.kill()
                process.wait()
        if not self.passed:
            self.print_logs()
        shutil.rmtree(self.folder)
        self.folder = None

    def print_logs(self, lines=60):
        for name in sorted(os.listdir(self.folder)):
            if name.endswith(".log"):
                with open(os.path.join(self.folder, name), errors="replace") as log:
                    print(f"--- end of {name}\n" + "".join(log.readlines()[-lines:]),
                          file=sys.stderr)

    def spawn(self, label, *command):
        log = open(os.path.join(self.folder, label + ".log"), "ab")
        process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        log.close()
        self.processes[label] = process
        return process

    def start_coordinator(self, *flags):
        self.coordinator = self.spawn(
            "coordinator", *self.inside, os.path.join(BIN, "rnnfarm-coordinator"), f"--listen={self.address}",
            f"--store={self.store}", f"--lease_term={self.lease_term}", *flags)
        wait_until(self.answers, "the coordinator answers")

    def answers(self):
        assert self.coordinator.poll() is None, "the coordinator ended"
        return self.client("version", "--server", check=False).returncode == 0

    def log(self, label):
        with open(os.path.join(self.folder, label + ".log"), errors="replace") as log:
            return log.read()

    def start_worker(self, name, threads=2, coordinator=None, inside=(), flags=()):
        return self.spawn(name, *inside, os.path.join(BIN, "rnnfarm-worker"),
                          f"--coordinator={coordinator or self.address}", f"--name={name}",
                          f"--threads={threads}", *flags)

    def client(self, *arguments, check=True, timeout=300):
        done = subprocess.run(
            [*self.inside, os.path.join(BIN, "rnnfarm"), "--coordinator", self.address, *arguments],
            capture_output=True, timeout=timeout,
            # Not with the configuration of whoever runs the test.
            env={**os.environ, "XDG_CONFIG_HOME": self.folder})
        # By hand, as text=True would make a carriage return a line's end, and nobody would see it.
        done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
        if check and done.returncode != 0:
            raise AssertionError(f"rnnfarm {' '.join(arguments)} ended with {done.returncode}:\n"
                                 f"{done.stdout}{done.stderr}")
        return done

    def rows(self, kind, *arguments):
        """A listing as a list of dictionaries."""
        done = self.client(kind, "list", *arguments, "-o", "jsonl")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def jobs(self, sweep):
        return self.rows("jobs", sweep, "--limit", "0")

    def job(self, name):
        return json.loads(self.client("jobs", "show", name, "-o", "json").stdout)

    def wait_for_workers(self, names):
        """Until the coordinator has heard of all of them, so that each gets its share."""
        wait_until(lambda: set(names) <= {row["name"] for row in self.rows("workers")},
                   f"the workers {', '.join(names)} are there")

    def stopped_in_training(self, sweep, names):
        """Stops (SIGSTOP) those of the workers that are in the middle of a training job; the job of
        each by its name. The others go on."""
        for name in names:
            self.processes[name].send_signal(signal.SIGSTOP)
        caught = {job["worker"]: job for job in self.jobs(sweep)
                  if job["kind"] == "train" and job["state"] == "leased"
                  and 0 < (job["share"] or 0) <= MOST_SHARE_IN_THE_MIDDLE}
        for name in names:
            if name not in caught:
                self.processes[name].send_signal(signal.SIGCONT)
        return {name: job for name, job in caught.items() if name in names}

    def was_lost(self, job):
        """Whether the attempt of a listed job lost its lease since."""
        for attempt in self.job(job["name"])["attempts"]:
            if int(attempt["attempt"]) == job["attempt"]:
                return attempt.get("outcome", "").startswith("lost")
        return False

    def watch(self, sweep, timeout=300):
        return self.client("watch", sweep, "--exit-status", timeout=timeout)


def kill(process):
    process.send_signal(signal.SIGKILL)
    process.wait()


def terminate(process, seconds=60):
    """Ends the process as a cluster manager would; its exit code."""
    process.send_signal(signal.SIGTERM)
    return process.wait(seconds)


def files_under(folder):
    """Relative path to bytes."""
    found = {}
    for where, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(where, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, folder)] = file.read()
    return found

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

    def __init__(self, label, lease_term="60s"):
        self.folder = tempfile.mkdtemp(prefix=f"rnnfarm-{label}-")
        self.store = os.path.join(self.folder, "store")
        self.lease_term = lease_term
        self.address = f"127.0.0.1:{free_port()}"
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
            "coordinator", os.path.join(BIN, "rnnfarm-coordinator"), f"--listen={self.address}",
            f"--store={self.store}", f"--lease_term={self.lease_term}", *flags)
        wait_until(self.answers, "the coordinator answers")

    def answers(self):
        assert self.coordinator.poll() is None, "the coordinator ended"
        return self.client("version", "--server", check=False).returncode == 0

    def start_worker(self, name, threads=2):
        return self.spawn(name, os.path.join(BIN, "rnnfarm-worker"),
                          f"--coordinator={self.address}", f"--name={name}",
                          f"--threads={threads}")

    def client(self, *arguments, check=True, timeout=300):
        done = subprocess.run(
            [os.path.join(BIN, "rnnfarm"), "--coordinator", self.address, *arguments],
            capture_output=True, text=True, timeout=timeout)
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

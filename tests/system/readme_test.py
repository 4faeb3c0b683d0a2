"""Runs every command that README.md prints in its fenced sh blocks, in order, against a small farm.

A command that is new in README.md is run as it stands. What it needs beside a farm and the files of
FILES is to be added here; what cannot be run is to be listed in NOT_RUN with the reason.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys

import numpy as np

import farm

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
README = os.path.join(ROOT, "README.md")
SECONDS = 300
# What is not run, and why.
NOT_RUN = [
    (r"^deploy/quickstart\b", "installs packages and builds; its sweep is run by hand"),
    (r"^deploy/test\b", "runs all tests, this one too"),
    (r"^docker-compose\b", "containers have a test; a coordinator and a worker stand in"),
    (r"^docker\b", "as above"),
    (r"^cmake\b", "builds this very tree; `cmake --install` has a test of its own"),
]
# Lines whose programs Debian does not have: `buf curl` stands in where it is installed.
GRPCURL = re.compile(r"^grpcurl\b")
# Of the file that `rnnfarm sweep init` wrote, as the reader edits it: a sweep of seconds.
EDITS = [(r"steps: \d+", "steps: 20"), (r"bits: \d+", "bits: 2"),
         (r"\n  units: .*", "\n  units: [8]"), (r"iterations: \d+", "iterations: 60"),
         (r"batch_size: \d+", "batch_size: 8"),
         (r"\n# limits", "\nanalysis { fixed_points { starts: 32 rounds: 2 } }\n# limits")]


def commands_of(text):
    """The commands of the fenced sh blocks: comments left out, continued lines joined."""
    found = []
    for block in re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            command = re.sub(r"(^|\s)#.*", "", line).strip()
            if command:
                found.append(command)
    return found


def recorded(rng, *shape):
    return rng.standard_normal(shape).astype(np.float32)


def write_files(folder):
    """Recordings and a network that was trained elsewhere (an LSTM of PyTorch's layout)."""
    rng = np.random.default_rng(7)
    for name in ("a", "b", "c", "mouse"):
        np.save(os.path.join(folder, name + ".npy"), recorded(rng, 200, 5))
    units, inputs = 6, 4
    np.savez(os.path.join(folder, "mine.npz"), weight_ih_l0=recorded(rng, 4 * units, inputs),
             weight_hh_l0=recorded(rng, 4 * units, units) / 4, bias_ih_l0=recorded(rng, 4 * units),
             bias_hh_l0=recorded(rng, 4 * units))


class Reader:
    """Does in a folder what README.md says."""

    def __init__(self, running):
        self.running = running
        self.folder = os.path.join(running.folder, "reader")
        os.mkdir(self.folder)
        write_files(self.folder)
        for name in ("deploy", "docs"):
            os.symlink(os.path.join(ROOT, name), os.path.join(self.folder, name))
        self.environment = {**os.environ, "PATH": farm.BIN + ":" + os.environ["PATH"],
                            "XDG_CONFIG_HOME": running.folder,
                            "RNNFARM_COORDINATOR": running.address}

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def recording_of_the_probe(self):
        """Of as many samples as the networks' states, which `run` left."""
        for where, _, names in os.walk(self.path("results")):
            if os.path.basename(where) == "states" and names:
                shape = np.load(os.path.join(where, sorted(names)[0]), mmap_mode="r").shape
                np.save(self.path("recording.npy"),
                        recorded(np.random.default_rng(8), *shape[:-1], 7))
                return

    def placeholders(self, command):
        """Names that the reader has to put in."""
        command = command.replace("localhost:7070", self.running.address)
        for kind in ("networks", "jobs"):
            listed = subprocess.run(["rnnfarm", kind, "list", "my", "-o", "name"],
                                    capture_output=True, text=True, env=self.environment,
                                    timeout=SECONDS).stdout.split()
            if listed:
                word = {"networks": "KEY", "jobs": "JOB"}[kind]
                command = re.sub(rf"\b{word}\b", listed[0].split("/")[-1], command)
        return re.sub(r"\bWORKER\b", "reader", command)

    def do(self, command):
        if "recording.npy" in command:
            self.recording_of_the_probe()
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", self.placeholders(command)],
                              cwd=self.folder, env=self.environment, capture_output=True,
                              text=True, timeout=SECONDS, stdin=subprocess.DEVNULL)
        assert done.returncode == 0, (f"README.md: `{command}` ended with {done.returncode}:\n"
                                      f"{done.stdout}{done.stderr}")
        made = re.search(r"sweep init \w+ > (\S+)", command)
        if made:
            self.edit(self.path(made.group(1)))
        return done

    @staticmethod
    def edit(path):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for pattern, shorter in EDITS:
            text = re.sub(pattern, shorter, text)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)


def ask_with_buf(buf, words, address):
    """What a line of grpcurl asks, asked by `buf curl`; False if it has no such question."""
    words = [word for word in words[1:] if word != "-plaintext"]
    data = words[words.index("-d") + 1] if "-d" in words else "{}"
    target = words[-1]
    if target == "list":
        arguments = ["--list-services", f"http://{address}"]
    elif "/" in target:
        arguments = ["-d", json.dumps(json.loads(data)), f"http://{address}/{target}"]
    else:
        return False
    done = subprocess.run([buf, "curl", "--protocol", "grpc", "--http2-prior-knowledge",
                           *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, (words, done.stdout + done.stderr)
    return True


def check_grpcurl(reader, command):
    """Whether it was run."""
    if shutil.which("grpcurl"):
        reader.do(command)
        return True
    buf = os.environ.get("RNNFARM_BUF") or shutil.which("buf")
    words = shlex.split(command)
    return bool(buf) and ask_with_buf(buf, words, reader.running.address)


def main():
    with open(README, encoding="utf-8") as file:
        commands = commands_of(file.read())
    assert len(commands) > 12, commands
    running = farm.Farm("readme")
    running.start_coordinator()
    running.start_worker("reader")
    reader = Reader(running)
    run = 0
    for command in commands:
        reasons = [reason for pattern, reason in NOT_RUN if re.search(pattern, command)]
        if reasons:
            print(f"not run: {command}: {reasons[0]}")
        elif GRPCURL.search(command):
            if not check_grpcurl(reader, command):
                print(f"not run: {command}: neither grpcurl nor a buf that can ask this")
        else:
            reader.do(command)
            run += 1
    print(f"{run} of {len(commands)} commands run")
    running.passed = True
    running.close()


if __name__ == "__main__":
    sys.exit(main())

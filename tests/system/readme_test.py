"""Runs every command that README.md prints in its fenced sh blocks, in order, against a small farm,
and then those of its running text (readme_inline.py).

A command that is new in README.md is run as it stands. What it needs beside a farm and the files of
`write_files` is to be added here; what cannot be run is to be listed in NOT_RUN with what runs it
or what is run in its place.
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
import readme_inline

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
README = os.path.join(ROOT, "README.md")
SECONDS = 300
# What is not run, what is instead, and where the words of that stand.
NOT_RUN = [
    (r"^deploy/quickstart$", "installs packages and builds; its sweep is run here, shorter",
     "deploy/quickstart", "bin/rnnfarm run "),
    (r"^deploy/test$", "runs all tests, this one too", "deploy/test", "ctest --preset release"),
    (r"^deploy/test --storm$", "takes 15 minutes; chaos_test.py and storm_test.py are shorter",
     "deploy/test", "tests/system/long_storm.py"),
    (r"^docker-compose up\b", "`deploy/test --containers` does; a farm of processes stands in",
     "tests/system/containers", "compose up -d --scale worker="),
]
COMPOSE = re.compile(r"^docker-compose\b.*--scale (\w+)=")
# Of the quickstart's sweep, which takes minutes otherwise.
SHORTER = ["--set", "training.iterations=60", "--set", "training.batch_size=8"]
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


def methods_in_proto(service):
    """As the contract has them: rnnfarm.v1.FarmService/GetSweep and so on."""
    found = []
    for name in os.listdir(os.path.join(ROOT, "proto", "rnnfarm", "v1")):
        with open(os.path.join(ROOT, "proto", "rnnfarm", "v1", name), encoding="utf-8") as file:
            block = re.search(rf"^service {service.split('.')[-1]} {{\n(.*?)^}}", file.read(),
                              re.MULTILINE | re.DOTALL)
        if block:
            found += re.findall(r"^  rpc (\w+)\(", block.group(1), re.MULTILINE)
    assert found, f"no service {service}"
    return {f"{service}/{method}" for method in found}


def ask_with_buf(buf, words, address):
    """What a line of grpcurl asks, asked by `buf curl`."""
    def curl(*arguments):
        done = subprocess.run([buf, "curl", "--protocol", "grpc", "--http2-prior-knowledge",
                               *arguments], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, (words, done.stdout + done.stderr)
        return done.stdout

    words = [word for word in words[1:] if word != "-plaintext"]
    data = words[words.index("-d") + 1] if "-d" in words else "{}"
    target = words[-1]
    if target == "list":
        assert "rnnfarm.v1.FarmService" in curl("--list-services", f"http://{address}").split()
    elif "describe" in words:
        listed = curl("--list-methods", f"http://{address}").split()
        here = {method for method in listed if method.startswith(target + "/")}
        assert here == methods_in_proto(target), (here, methods_in_proto(target))
    else:
        told = json.loads(curl("-d", json.dumps(json.loads(data)), f"http://{address}/{target}"))
        assert json.loads(data)["name"] in json.dumps(told), told


def check_grpcurl(reader, command):
    """Whether it was run."""
    if shutil.which("grpcurl"):
        reader.do(command)
        return True
    buf = os.environ.get("RNNFARM_BUF") or shutil.which("buf")
    if buf:
        ask_with_buf(buf, shlex.split(command), reader.running.address)
    return bool(buf)


def check_not_run(command):
    """Why it is not; what stands in for it is there."""
    for pattern, reason, where, words in NOT_RUN:
        if re.search(pattern, command):
            path = os.path.join(ROOT, where)
            with open(path, encoding="utf-8") as file:
                text = file.read()
            assert words in text and os.access(path, os.X_OK), (command, where, words)
            subprocess.run(["bash", "-n", path], check=True, timeout=60)
            return reason
    return None


def check_compose(command):
    """Whether docker-compose, which reads the file without an engine, was asked."""
    service = COMPOSE.search(command).group(1)
    with open(os.path.join(ROOT, "docker-compose.yml"), encoding="utf-8") as file:
        text = file.read()
    assert re.search(rf"^  {service}:$", text, re.MULTILINE) and '"127.0.0.1:' in text, text
    if not shutil.which("docker-compose"):
        return False
    done = subprocess.run(["docker-compose", "config", "--services"], cwd=ROOT, timeout=60,
                          capture_output=True, text=True)
    assert done.returncode == 0 and service in done.stdout.split(), done
    return True


def run_quickstart(reader):
    """As deploy/quickstart does when it has built."""
    with open(os.path.join(ROOT, "deploy", "quickstart"), encoding="utf-8") as file:
        told = re.search(r"bin/(rnnfarm run \S+ --out \S+)", file.read()).group(1)
    reader.do(" ".join([told, *SHORTER]))
    assert os.path.exists(reader.path("results", "quickstart", "report.html"))


def check_fenced(reader, commands):
    run, asked = 0, 0
    for command in commands:
        reason = check_not_run(command)
        if reason:
            print(f"not run: {command}: {reason}")
            if COMPOSE.search(command) and not check_compose(command):
                print("no docker-compose here to read docker-compose.yml")
        elif GRPCURL.search(command):
            if check_grpcurl(reader, command):
                asked += 1
            else:
                print(f"not run: {command}: neither grpcurl nor buf is here")
        else:
            reader.do(command)
            run += 1
    print(f"{run} of {len(commands)} commands run, {asked} asked of the coordinator otherwise")


def main():
    with open(README, encoding="utf-8") as file:
        text = file.read()
    commands = commands_of(text)
    assert len(commands) > 12, commands
    # A block of another kind would be overlooked.
    assert set(re.findall(r"^```(\w*)$", text, re.MULTILINE)) == {"sh", "textproto", ""}
    running = farm.Farm("readme")
    running.start_coordinator()
    running.start_worker("reader")
    reader = Reader(running)
    check_fenced(reader, commands)
    run_quickstart(reader)
    readme_inline.check(reader, text)
    running.passed = True
    running.close()


if __name__ == "__main__":
    sys.exit(main())

"""Every command against coordinators that are not there, hang, die, speak something else or want
credentials: a sentence that names the address, the right exit code, in time."""

import concurrent.futures
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time

import commands
import farm

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TIMEOUT_SECONDS = 2
# Beside the deadline: the program's start on a machine that is busy.
SLACK_SECONDS = 15
AT_ONCE = 2
# Their examples ask no coordinator.
LOCAL = {("run",), ("sweep", "init"), ("sweep", "validate"), ("report",), ("compare",),
         ("fixed-points",), ("store", "check"), ("store", "backup"), ("store", "restore"),
         ("completion",)}
# What is for programmers: traces, log lines, gRPC's own words, status codes, absl's types.
RAW = re.compile(r"terminate called|what\(\)|stack trace|\*\*\* |core dumped|last error|ipv4:|"
                 r"ipv6:|"
                 r"\w\.(cc|h):\d+|C-ares|recvmsg|http2 header|SSL_|StatusCode|"
                 r"\b(UNAVAILABLE|UNKNOWN|INTERNAL|DEADLINE_EXCEEDED|UNIMPLEMENTED|"
                 r"UNAUTHENTICATED|PERMISSION_DENIED)\b")
SWEEP = """name: "universality-2019"
task { name: "memory" flip_flop { bits: 1 steps: 10 } }
grid { architecture: "vanilla" activation: "tanh" units: 4 l2: 1e-4 }
seeds { count: 1 }
hyperparameters { learning_rate: 0.1 lr_decay: 0.5 momentum: 0.9 clip_norm: 1 }
training { iterations: 20 batch_size: 8 }
import { path: "recording.npy" architecture: "recording" }
"""
# One sample of one unit, so that a submission has a file to send.
RECORDING = b"\x93NUMPY\1\0\x46\0" + (
    b"{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1)}".ljust(69) + b"\n") + bytes(4)
EMPTY_SETTINGS = b"\0\0\0\4\0\0\0\0\0"
SETTINGS_TAKEN = b"\0\0\0\4\1\0\0\0\0"
SETTINGS, HEADERS = 4, 1


class Impostor:
    """Listens; each connection is a thread that runs `answer`."""

    def __init__(self, answer):
        self.answer = answer
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            line, _ = self.listener.accept()
            threading.Thread(target=self.one, args=(line,), daemon=True).start()

    def one(self, line):
        try:
            self.answer(line)
        except OSError:  # the other side has gone
            pass
        line.close()


def read_exactly(line, count):
    data = b""
    while len(data) < count:
        more = line.recv(count - len(data))
        if not more:
            raise ConnectionError
        data += more
    return data


def until_call(line):
    """Speaks HTTP/2 until a call arrives; the number of its stream."""
    line.sendall(EMPTY_SETTINGS)
    read_exactly(line, 24)
    while True:
        head = read_exactly(line, 9)
        read_exactly(line, int.from_bytes(head[:3], "big"))
        if head[3] == SETTINGS and not head[4] & 1:
            line.sendall(SETTINGS_TAKEN)
        if head[3] == HEADERS:
            return head[5:9]


def silent(line):
    while line.recv(4096):
        pass


def answers_http1(line):
    line.recv(4096)
    line.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def greets_like_ssh(line):
    line.sendall(b"SSH-2.0-OpenSSH_9.2p1\r\n")
    silent(line)


def dies_in_the_call(line):
    until_call(line)


def answers_not_found(line):
    """A web server of HTTP/2: a header frame with :status 404 from HPACK's table."""
    stream = until_call(line)
    line.sendall(b"\0\0\1\1\5" + stream + b"\x8d")
    silent(line)


def check_refused_words():
    """Wrong usage: what is near is named."""
    for arguments, said in ((["sweep", "lst"], "did you mean list?"),
                            (["jobs", "list", "s", "--limti", "3"], "did you mean --limit?"),
                            (["wach"], "did you mean watch?"),
                            (["watch"], "rnnfarm watch --help")):
        done = commands.run(*arguments)
        assert done.returncode == 2 and said in done.stderr and not done.stdout, done


def check_wrong_option(command):
    done = commands.run(*command, "--no-such-option-at-all")
    assert done.returncode == 2 and " --help" in done.stderr, (command, done)


def check(case, command, folder, code, said, environment):
    start = time.monotonic()
    unasked = ["--yes"] if command == ("sweep", "delete") else []
    done = commands.run(*commands.example_of(command), *unasked, "--timeout",
                        str(TIMEOUT_SECONDS), cwd=folder, **environment)
    took = time.monotonic() - start
    text = done.stdout + done.stderr
    where = (f"{case}: rnnfarm {' '.join(command)}: exit {done.returncode} after {took:.1f} s: "
             f"{text}")
    assert done.returncode == code, where
    assert said in text, where
    assert not RAW.search(text), where
    assert took < TIMEOUT_SECONDS + SLACK_SECONDS, where


def token_coordinator(folder):
    """One that wants tokens, and one that wants TLS."""
    certificates = os.path.join(folder, "certificates")
    subprocess.run([os.path.join(ROOT, "deploy", "certificates"), certificates], check=True,
                   capture_output=True, timeout=60)
    started = {}
    for name, flags in (("tokens", [f"--tokens={certificates}/tokens"]),
                        ("tls", [f"--tls_certificate={certificates}/coordinator.pem",
                                 f"--tls_key={certificates}/coordinator.key",
                                 f"--tokens={certificates}/tokens"])):
        running = farm.Farm("unreachable-" + name)
        running.coordinator = running.spawn(
            "coordinator", os.path.join(farm.BIN, "rnnfarm-coordinator"),
            f"--listen={running.address}", f"--store={running.store}", *flags)
        host, port = running.address.split(":")

        def listens():
            with socket.socket() as probe:
                return probe.connect_ex((host, int(port))) == 0

        farm.wait_until(listens, "the coordinator listens")
        started[name] = running
    return started, certificates


def main():
    found = commands.all_commands()
    assert LOCAL < set(found) and len(found) > len(LOCAL) + 10, found
    check_refused_words()
    with tempfile.TemporaryDirectory() as folder:
        for name in ("sweep.textproto", "laptop.textproto", "my.textproto"):
            with open(os.path.join(folder, name), "w", encoding="ascii") as file:
                file.write(SWEEP)
        with open(os.path.join(folder, "recording.npy"), "wb") as file:
            file.write(RECORDING)
        started, certificates = token_coordinator(folder)
        tokens, tls = started["tokens"].address, started["tls"].address
        nobody = f"127.0.0.1:{farm.free_port()}"
        cases = [("nobody", 4, nobody, {"RNNFARM_COORDINATOR": nobody}),
                 ("no TLS to TLS", 4, tls, {"RNNFARM_COORDINATOR": tls}),
                 ("strange TLS", 4, tls, {"RNNFARM_COORDINATOR": tls, "RNNFARM_TLS": "true"}),
                 ("TLS to no TLS", 4, tokens,
                  {"RNNFARM_COORDINATOR": tokens, "RNNFARM_TLS_CA": f"{certificates}/ca.pem"}),
                 ("no token", 1, "--token-file", {"RNNFARM_COORDINATOR": tokens})]
        for answer in (silent, answers_http1, greets_like_ssh, dies_in_the_call, answers_not_found):
            address = Impostor(answer).address
            cases.append((answer.__name__, 4, address, {"RNNFARM_COORDINATOR": address}))
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            waiting = [pool.submit(check, case, command, folder, code, said, environment)
                       for case, code, said, environment in cases
                       for command in found if command not in LOCAL]
            waiting += [pool.submit(check_wrong_option, command) for command in found]
            for one in waiting:
                one.result()
        for running in started.values():
            running.passed = True
            running.close()


if __name__ == "__main__":
    sys.exit(main())

"""The coordinator's edge: certificates, tokens and roles with the real programs, and connections
that speak something else or nothing at all."""

import os
import socket
import ssl
import subprocess
import sys
import time

import farm

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HTTP2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
EMPTY_SETTINGS = b"\0\0\0\4\0\0\0\0\0"
# The coordinator gives up on a handshake after 20 s.
HANDSHAKE_SECONDS = 60
# It looks for renewed certificates every 10 s.
RENEWAL_SECONDS = 60

SWEEP = """name: "guarded"
task { name: "memory" flip_flop { bits: 1 steps: 10 } }
grid { architecture: "vanilla" activation: "tanh" units: 4 l2: 1e-4 }
seeds { count: 2 }
hyperparameters { learning_rate: 0.1 lr_decay: 0.5 momentum: 0.9 clip_norm: 1 }
training { iterations: 20 batch_size: 8 validation_trials: 16 log_every: 10 }
analysis { metric { svcca {} } fixed_points { starts: 16 rounds: 1 } }
"""


class Lab:
    """A folder of certificates and tokens, and the flags that name them."""

    def __init__(self, folder):
        self.folder = folder
        self.make()

    def make(self):
        subprocess.run([os.path.join(ROOT, "deploy", "certificates"), self.folder], check=True,
                       timeout=60)

    def path(self, name):
        return os.path.join(self.folder, name)

    def certificate(self, role):
        return ["--tls-ca", self.path("ca.pem"), "--tls-certificate", self.path(role + ".pem"),
                "--tls-key", self.path(role + ".key")]

    def token(self, role):
        return ["--token-file", self.path(role + ".token")]

    def server(self):
        return [f"--tls_certificate={self.path('coordinator.pem')}",
                f"--tls_key={self.path('coordinator.key')}"]


def coordinator_refuses(running, *flags):
    done = subprocess.run([os.path.join(farm.BIN, "rnnfarm-coordinator"),
                           f"--store={running.store}-none", *flags],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 78, (flags, done.returncode, done.stderr)
    return done.stderr


def start(running, listen, *flags):
    """A coordinator that need not answer calls without credentials."""
    running.coordinator = running.spawn(
        "coordinator", os.path.join(farm.BIN, "rnnfarm-coordinator"), f"--listen={listen}",
        f"--store={running.store}", *flags)
    farm.wait_until(lambda: accepts(running), "the coordinator listens")


def accepts(running):
    assert running.coordinator.poll() is None, "the coordinator ended"
    try:
        connect(running).close()
        return True
    except ConnectionRefusedError:
        return False


def connect(running):
    host, port = running.address.split(":")
    return socket.create_connection((host, int(port)), timeout=HANDSHAKE_SECONDS)


def expect(running, code, said, *arguments):
    done = running.client("--timeout", "20", *arguments, check=False)
    text = done.stdout + done.stderr
    assert done.returncode == code and said in text, (arguments, done.returncode, text)
    return text


def worker_ends(running, code, said, *flags):
    done = subprocess.run([os.path.join(farm.BIN, "rnnfarm-worker"),
                           f"--coordinator={running.address}", "--outage-limit=1s", *flags],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == code and said in done.stderr, (flags, done.returncode, done.stderr)


def check_refusals_to_listen(running, lab):
    said = coordinator_refuses(running, "--listen=0.0.0.0:0")
    assert "--tls_certificate" in said and "--insecure" in said, said
    # Encrypted, but to anybody.
    assert "--tokens" in coordinator_refuses(running, "--listen=0.0.0.0:0", *lab.server())
    # Known callers, but in plain text.
    coordinator_refuses(running, "--listen=0.0.0.0:0", f"--tokens={lab.path('tokens')}")
    exposed = lab.path("exposed")
    with open(exposed, "w", encoding="ascii") as file:
        file.write("admin 0123456789abcdef\n")
    os.chmod(exposed, 0o644)
    said = coordinator_refuses(running, f"--tokens={exposed}")
    assert f"chmod 600 {exposed}" in said, said


def check_certificates(running, lab):
    port = running.address.split(":")[1]
    start(running, f"0.0.0.0:{port}", *lab.server(), f"--tls_client_ca={lab.path('ca.pem')}")
    sweep = lab.path("guarded.textproto")
    with open(sweep, "w", encoding="ascii") as file:
        file.write(SWEEP)
    submitter, worker = lab.certificate("submitter"), lab.certificate("worker")
    expect(running, 0, "sweeps/guarded", *submitter, "sweep", "submit", sweep)
    expect(running, 1, "needs the role submitter or admin", *worker, "sweep", "list")
    worker_ends(running, 78, "needs the role worker or admin", *submitter)
    running.spawn("worker", os.path.join(farm.BIN, "rnnfarm-worker"),
                  f"--coordinator={running.address}", "--name=guarded", "--threads=2", *worker)
    done = running.client(*submitter, "watch", "guarded", "--exit-status")
    assert done.returncode == 0, done.stderr
    expect(running, 1, "needs the role admin", *submitter, "workers", "drain", "guarded")
    expect(running, 0, "guarded", *lab.certificate("admin"), "workers", "drain", "guarded")
    assert running.processes["worker"].wait(60) == 0, "the drained worker ended well"
    # Without a certificate, and without TLS.
    expect(running, 4, "TLS", "sweep", "list")
    expect(running, 4, running.address, "--tls-ca", lab.path("ca.pem"), "sweep", "list")


def check_renewal(running, lab):
    host, port = running.address.split(":")

    def shown():
        try:
            return ssl.get_server_certificate((host, int(port)))
        except OSError:  # it hangs up on callers without a certificate, perhaps too early
            return None

    before = farm.wait_until(shown, "a certificate is shown")
    lab.make()
    farm.wait_until(lambda: shown() not in (None, before), "the renewed certificate is shown",
                    RENEWAL_SECONDS)
    expect(running, 0, "guarded", *lab.certificate("submitter"), "sweep", "list")


def check_tokens(running, lab):
    start(running, running.address, f"--tokens={lab.path('tokens')}")
    expect(running, 0, "guarded", *lab.token("submitter"), "sweep", "list")
    expect(running, 1, "--token-file", "sweep", "list")
    expect(running, 1, "needs the role admin", *lab.token("submitter"), "workers", "drain", "w")
    wrong = lab.path("wrong.token")
    with open(wrong, "w", encoding="ascii") as file:
        file.write("0" * 64)
    os.chmod(wrong, 0o600)
    expect(running, 1, "does not know this token", "--token-file", wrong, "sweep", "list")
    # TLS to a plain port.
    expect(running, 4, running.address, *lab.certificate("submitter"), "sweep", "list")
    worker_ends(running, 78, "token", "--token-file=" + wrong)
    # The token stays at home.
    done = subprocess.run([os.path.join(farm.BIN, "rnnfarm"), "--coordinator", "farm.invalid:7070",
                           *lab.token("submitter"), "sweep", "list"],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "unencrypted" in done.stderr, done.stderr


def garbage():
    """What a connection may begin with instead of gRPC."""
    yield b"GET / HTTP/1.1\r\nHost: farm\r\n\r\n"
    yield b"\x16\x03\x01\x00\x05hello"  # a broken TLS record
    yield bytes(range(256)) * 64
    yield HTTP2_PREFACE + b"\xff" * 9000  # a frame longer than any
    yield HTTP2_PREFACE + EMPTY_SETTINGS + b"\0\0\x04\x08\0\0\0\0\0\0\0\0\0"  # a window of 0
    yield HTTP2_PREFACE + EMPTY_SETTINGS + b"\0\0\x05\x01\x05\0\0\0\1\xff\xff\xff\xff\xff"  # HPACK


def wait_for_hangup(line):
    try:
        while line.recv(4096):
            pass
    except ConnectionError:
        pass


def check_other_tongues(running):
    for speech in garbage():
        for _ in range(20):
            with connect(running) as line:
                try:
                    line.sendall(speech)
                    line.shutdown(socket.SHUT_WR)
                except OSError:  # it has hung up already
                    pass
                wait_for_hangup(line)
    assert running.coordinator.poll() is None, "the coordinator ended"


def open_silent(running):
    """Connections that stop in the middle of their first words."""
    lines = []
    for speech in (b"", HTTP2_PREFACE[:10], HTTP2_PREFACE):
        for _ in range(10):
            line = connect(running)
            line.sendall(speech)
            lines.append(line)
    return lines


def check_closed(lines):
    """The coordinator hangs up by itself."""
    until = time.monotonic() + HANDSHAKE_SECONDS
    for line in lines:
        line.settimeout(max(0.1, until - time.monotonic()))
        wait_for_hangup(line)
        line.close()


def main():
    running = farm.Farm("edge")
    lab = Lab(os.path.join(running.folder, "certificates"))
    check_refusals_to_listen(running, lab)
    check_certificates(running, lab)
    check_other_tongues(running)
    silent = open_silent(running)
    check_renewal(running, lab)
    check_closed(silent)
    assert farm.terminate(running.coordinator) == 0
    check_tokens(running, lab)
    check_other_tongues(running)
    silent = open_silent(running)
    expect(running, 0, "guarded", *lab.token("submitter"), "sweep", "list")
    check_closed(silent)
    assert farm.terminate(running.coordinator) == 0
    running.passed = True
    running.close()


if __name__ == "__main__":
    sys.exit(main())

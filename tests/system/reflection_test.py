"""The farm through server reflection alone, as grpcurl would use it; `buf curl` stands in for it.

Without buf (RNNFARM_BUF or on the PATH) the test is skipped: exit code 77.
"""

import json
import os
import shutil
import subprocess
import sys

import farm

SKIPPED = 77
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FARM = "rnnfarm.v1.FarmService"


class Buf:
    def __init__(self, program, address):
        self.program = program
        self.url = f"http://{address}"

    def curl(self, *arguments):
        return subprocess.run(
            [self.program, "curl", "--protocol", "grpc", "--http2-prior-knowledge", *arguments],
            capture_output=True, text=True, timeout=60)

    def call(self, method, request, fails=False):
        done = self.curl("-d", json.dumps(request), f"{self.url}/{method}")
        assert (done.returncode != 0) == fails, f"{method}: {done.stdout}{done.stderr}"
        if fails:
            return done.stdout + done.stderr
        return json.loads(done.stdout or "{}")


def sweep_called(name, units=8):
    return {
        "name": name,
        "task": [{"name": "memory", "flipFlop": {"bits": 1, "steps": 10}}],
        "grid": {"architecture": ["vanilla"], "activation": ["tanh"], "units": [units],
                 "l2": [0.0001]},
        "seeds": {"first": 0, "count": 3},
        "hyperparameters": [{"learningRate": 0.1, "lrDecay": 0.5, "clipNorm": 1}],
        "training": {"iterations": 10},
    }


def check_descriptions(buf):
    listed = buf.curl("--list-services", buf.url)
    if listed.returncode != 0:  # an older buf
        listed = buf.curl("--list-methods", buf.url)
    assert listed.returncode == 0, listed.stderr
    for service in (FARM, "rnnfarm.v1.WorkerService", "rnnfarm.v1.ArtifactService",
                    "grpc.health.v1.Health"):
        assert service in listed.stdout, listed.stdout
    methods = buf.curl("--list-methods", buf.url)
    assert f"{FARM}/SubmitSweep" in methods.stdout, methods.stdout + methods.stderr
    health = buf.call("grpc.health.v1.Health/Check", {})
    assert health.get("status") == "SERVING", health


def check_submission(buf):
    for name in ("one", "two", "three"):
        reply = buf.call(f"{FARM}/SubmitSweep",
                         {"spec": sweep_called(name), "requestId": f"request-{name}"})
        assert reply["sweep"]["name"] == f"sweeps/{name}", reply
        again = buf.call(f"{FARM}/SubmitSweep",
                         {"spec": sweep_called(name), "requestId": f"request-{name}"})
        assert again == reply, "the same request has the same answer"
    got = buf.call(f"{FARM}/GetSweep", {"name": "sweeps/one"})["sweep"]
    assert got["networkCount"] == "3", got
    assert got["spec"]["training"]["batchSize"] == 64, "defaults are written out"


def check_pages(buf):
    first = buf.call(f"{FARM}/ListSweeps", {"pageSize": 2})
    assert [sweep["name"] for sweep in first["sweeps"]] == ["sweeps/one", "sweeps/two"], first
    assert first["totalSize"] == "3", first
    second = buf.call(f"{FARM}/ListSweeps", {"pageSize": 2, "pageToken": first["nextPageToken"]})
    assert [sweep["name"] for sweep in second["sweeps"]] == ["sweeps/three"], second
    assert not second.get("nextPageToken"), second


def check_errors(buf):
    said = buf.call(f"{FARM}/GetSweep", {"name": "sweeps/absent"}, fails=True)
    assert "not_found" in said and "sweeps/absent" in said, said
    bad = sweep_called("bad")
    bad["grid"]["units"] = [-3]
    said = buf.call(f"{FARM}/SubmitSweep", {"spec": bad}, fails=True)
    assert "invalid_argument" in said and "grid.units[0]" in said and "-3" in said, said
    huge = sweep_called("huge")
    huge["seeds"]["count"] = "100000000"
    said = buf.call(f"{FARM}/SubmitSweep", {"spec": huge}, fails=True)
    # The field, the limit and the remedy.
    assert "100000000" in said and "1000000" in said, said
    assert buf.call(f"{FARM}/ListSweeps", {})["totalSize"] == "3", "nothing was created"


def main():
    program = os.environ.get("RNNFARM_BUF") or shutil.which("buf")
    if not program or not os.path.exists(program):
        print("skipped: no buf; RNNFARM_BUF names the program")
        return SKIPPED
    linted = subprocess.run([program, "lint"], cwd=os.path.join(ROOT, "proto"),
                            capture_output=True, text=True, timeout=60)
    assert linted.returncode == 0, linted.stdout + linted.stderr
    running = farm.Farm("reflection")
    running.start_coordinator()
    buf = Buf(program, running.address)
    check_descriptions(buf)
    check_submission(buf)
    check_pages(buf)
    check_errors(buf)
    running.passed = True
    running.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

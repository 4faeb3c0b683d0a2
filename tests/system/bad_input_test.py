"""What the programs say to wrong files, wrong names and wrong places."""

import os
import re
import subprocess
import sys

import farm

HERE = os.path.dirname(os.path.abspath(__file__))
GOOD = os.path.join(HERE, "sweeps", "three_tasks.textproto")


def path_of(name):
    return os.path.join(HERE, "sweeps", name)


def expect(done, code, *texts):
    said = done.stdout + done.stderr
    assert done.returncode == code, f"exit {done.returncode}, not {code}:\n{said}"
    for text in texts:
        assert re.search(text, said), f"nothing like {text!r} in:\n{said}"


def check_bad_sweeps(running):
    for command in (("sweep", "validate"), ("sweep", "submit")):
        done = running.client(*command, path_of("bad.textproto"), check=False)
        # Every error at once, each with its place.
        expect(done, 2, r"bad\.textproto:\d+:\d+: .*grux", r"bad\.textproto:\d+:\d+: .*memory",
               r"bad\.textproto:8:\d+: ", r"bad\.textproto:10:\d+: ", r"bad\.textproto:11:\d+: ")
        done = running.client(*command, path_of("unknown_field.textproto"), check=False)
        expect(done, 2, r"unknown_field\.textproto:6:\d+: .*unitz.*units")
        done = running.client(*command, path_of("three_tasks.textproto"), "--set",
                              "seeds.count=100000000000", check=False)
        expect(done, 2, "count|networks")
    done = running.client("sweep", "submit", path_of("absent.textproto"), check=False)
    expect(done, 2, "absent.textproto")
    assert running.rows("sweep") == [], "a refused sweep was created"


def check_unknown_names(running):
    for command in (("sweep", "show", "absent"), ("watch", "absent"),
                    ("jobs", "list", "absent"), ("networks", "list", "absent"),
                    ("pull", "absent", os.path.join(running.folder, "nothing"))):
        expect(running.client(*command, check=False), 3, "absent")


def check_second_coordinator(running):
    done = subprocess.run([os.path.join(farm.BIN, "rnnfarm-coordinator"),
                           f"--listen=127.0.0.1:{farm.free_port()}", f"--store={running.store}"],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert running.store in done.stderr, done.stderr
    assert str(running.coordinator.pid) in done.stderr, done.stderr
    assert running.answers(), "the first coordinator goes on"


def check_http_beyond_loopback(running):
    for address, said in (("0.0.0.0:0", "--insecure"), ("127.0.0.1", "host:port")):
        done = subprocess.run([os.path.join(farm.BIN, "rnnfarm-coordinator"),
                               f"--listen=127.0.0.1:{farm.free_port()}", f"--http={address}",
                               f"--store={os.path.join(running.folder, 'another')}"],
                              capture_output=True, text=True, timeout=60)
        expect(done, 78, said)


def check_submission_twice(running):
    first = running.client("sweep", "submit", GOOD)
    again = running.client("sweep", "submit", GOOD)
    assert first.stdout == again.stdout == "sweeps/three-tasks\n", first.stdout + again.stdout
    other = running.client("sweep", "submit", GOOD, "--set", "seeds.count=3", check=False)
    expect(other, 1, "three-tasks", "extend")
    assert len(running.rows("sweep")) == 1


def check_worker_configuration(running):
    worker = os.path.join(farm.BIN, "rnnfarm-worker")
    for flags, said in ((["--coordinator=nowhere"], "host:port"),
                        ([f"--coordinator={running.address}", "--engine=steam"], "reference"),
                        (["--threads=-1"], "threads"), (["stray"], "stray"),
                        (["--engine=cuda", "--devices=x"], "--devices: \"x\" must be all"),
                        (["--engine=auto", "--devices=0,0"], "device 0 twice"),
                        (["--devices=0"], "goes with --engine=cuda")):
        done = subprocess.run([worker, *flags], capture_output=True, text=True, timeout=60)
        assert done.returncode == 78, (flags, done.returncode, done.stderr)
        assert said in done.stderr, done.stderr
    nobody = f"--coordinator=127.0.0.1:{farm.free_port()}"
    done = subprocess.run([worker, nobody, "--outage-limit=1s"], capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 75, (done.returncode, done.stderr)


def check_flags():
    """Wrong flags are a wrong configuration, which no retry mends; hyphens are underscores."""
    for program in ("rnnfarm-worker", "rnnfarm-coordinator"):
        number = "--threads" if program == "rnnfarm-worker" else "--comparison-threads"
        for flags, said in ((["--nope"], "--nope"), (["--nope=1"], "--nope"),
                            ([number + "=x"], "threads"), ([number, "x"], "threads"),
                            ([number], "threads"), (["--log-json=maybe"], "log_json")):
            done = subprocess.run([os.path.join(farm.BIN, program), *flags], capture_output=True,
                                  text=True, timeout=60)
            assert done.returncode == 78, (program, flags, done.returncode, done.stderr)
            assert said in done.stderr, (program, flags, done.stderr)
        done = subprocess.run([os.path.join(farm.BIN, program), "--help"], capture_output=True,
                              text=True, timeout=60)
        assert done.returncode == 0, (program, done.returncode, done.stderr)
        assert "threads" in done.stdout, done.stdout


def main():
    expect(subprocess.run([os.path.join(farm.BIN, "rnnfarm"), "--coordinator",
                           f"127.0.0.1:{farm.free_port()}", "--timeout", "2", "sweep", "list"],
                          capture_output=True, text=True, timeout=60), 4)
    running = farm.Farm("bad-input")
    running.start_coordinator()
    check_bad_sweeps(running)
    check_unknown_names(running)
    check_second_coordinator(running)
    check_http_beyond_loopback(running)
    check_submission_twice(running)
    check_worker_configuration(running)
    check_flags()
    running.passed = True
    running.close()


if __name__ == "__main__":
    sys.exit(main())

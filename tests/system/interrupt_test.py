"""Ctrl-C in the middle of `rnnfarm run`: it ends cleanly, and the same command goes on to the same
bytes as a run that nobody interrupted."""

import os
import signal
import subprocess
import sys

import commands
import farm

SWEEP = """name: "interrupted"
task { name: "memory" flip_flop { bits: 1 steps: 20 } }
grid { architecture: "vanilla" activation: "tanh" units: 16 l2: 1e-4 }
seeds { count: 4 }
hyperparameters { learning_rate: 0.05 lr_decay: 0.5 momentum: 0.9 clip_norm: 1 }
training { iterations: 6000 batch_size: 32 validation_trials: 16 log_every: 100 }
analysis { metric { svcca {} } fixed_points { starts: 32 rounds: 1 } }
"""


def start(file, out, log):
    return subprocess.Popen([commands.PROGRAM, "run", file, "--out", out, "--threads", "2",
                             "--interval", "0.1"], stdout=log, stderr=subprocess.STDOUT,
                            stdin=subprocess.DEVNULL)


def check_interrupted(file, out, log_path):
    with open(log_path, "w", encoding="utf-8") as log:
        process = start(file, out, log)
    # As it is: by default Python reads a carriage return as a line's end.
    said = lambda: open(log_path, encoding="utf-8", newline="").read()
    # In training, and not yet done.
    farm.wait_until(lambda: "running 2" in said() or process.poll() is not None, "it trains", 120)
    assert process.poll() is None, f"it ended by itself: {said()}"
    process.send_signal(signal.SIGINT)
    code = process.wait(120)
    assert code == 130, (code, said())
    assert "The same command goes on from here" in said(), said()
    assert not os.path.exists(os.path.join(out, "manifest.json")), "it was done already"
    assert "\r" not in said() and "\033" not in said(), said()


def main():
    running = farm.Farm("interrupt")  # for its folder
    file = os.path.join(running.folder, "sweep.textproto")
    with open(file, "w", encoding="ascii") as text:
        text.write(SWEEP)
    calm, cut = (os.path.join(running.folder, name) for name in ("calm", "cut"))
    check_interrupted(file, cut, os.path.join(running.folder, "first.log"))
    again = commands.run("run", file, "--out", cut, "--threads", "2", timeout=300)
    assert again.returncode == 0 and "going on where it stopped" in again.stderr, again
    assert commands.run("run", file, "--out", calm, "--threads", "2", timeout=300).returncode == 0
    for kind in ("networks", "distances", "fixed_points"):
        whole = farm.files_under(os.path.join(calm, "memory", kind))
        assert whole and whole == farm.files_under(os.path.join(cut, "memory", kind)), kind
    running.passed = True
    running.close()


if __name__ == "__main__":
    sys.exit(main())

"""Every benchmark says what it measures, and names a flag that it does not know; neither takes the
time of a measurement."""

import os
import subprocess
import sys

import farm

PROGRAMS = ("bench_train", "bench_fixed_points", "bench_all_pairs", "bench_scheduler",
            "bench_dispatch")


def run(program, *flags):
    return subprocess.run([os.path.join(farm.BIN, program), *flags], capture_output=True, text=True,
                          timeout=60)


def main():
    there = [program for program in PROGRAMS if os.path.exists(os.path.join(farm.BIN, program))]
    if not there:
        return 77
    for program in there:
        for flags in (["--help"], ["--quick", "-h"]):
            done = run(program, *flags)
            assert done.returncode == 0 and done.stderr == "", (program, done)
            lines = done.stdout.splitlines()
            assert lines[0].startswith("How ") and f"usage: {program} " in done.stdout, done.stdout
            assert lines[-1].startswith(f"example: {program} "), done.stdout
            assert all(len(line) <= 100 for line in lines), done.stdout
            for flag in ("--quick", "--json"):
                assert any(line.startswith("  " + flag) for line in lines), (program, flag)
        wrong = run(program, "--quik")
        assert wrong.returncode == 2 and wrong.stdout == "", (program, wrong)
        assert wrong.stderr.startswith(f"{program}: ") and "--quik" in wrong.stderr, wrong.stderr
    return 0


if __name__ == "__main__":
    sys.exit(main())

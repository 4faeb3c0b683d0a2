"""All commands of the program rnnfarm, as it tells them itself, and an example of each."""

import functools
import os
import re
import shlex
import subprocess

import farm

PROGRAM = os.path.join(farm.BIN, "rnnfarm")


def run(*arguments, cwd=None, timeout=120, **environment):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, cwd=cwd,
                          timeout=timeout, stdin=subprocess.DEVNULL,
                          env={**os.environ, **environment})


def complete(*words, **environment):
    """Candidates for the last word, as pairs with their descriptions."""
    done = run("__complete", *words, **environment)
    assert done.returncode == 0 and done.stderr == "", done
    return [line.partition("\t")[::2] for line in done.stdout.splitlines()]


@functools.lru_cache(maxsize=None)
def all_commands(*above):
    """Tuples of words, groups left out. Only commands and options have a description."""
    below = [name for name, described in complete(*above, "") if described and name[0] != "-"]
    if not below:
        return [above]
    return [command for name in below for command in all_commands(*above, name)]


def help_of(command):
    done = run(*command, "--help")
    assert done.returncode == 0 and done.stderr == "", (command, done)
    return done.stdout


@functools.lru_cache(maxsize=None)
def example_of(command):
    """The arguments of the example in the command's help, up to what the shell would take."""
    text = help_of(command).replace(" \\\n", " ")
    found = re.search(r"^Examples?:\n  rnnfarm (.*)$", text, re.MULTILINE)
    assert found, f"no example in the help of {command}"
    words = shlex.split(found.group(1))
    assert tuple(words[:len(command)]) == command, (command, words)
    ends = [i for i, word in enumerate(words) if word in (">", "|")]
    return words[:ends[0]] if ends else words

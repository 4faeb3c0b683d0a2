"""Tab completion in a real bash, against a coordinator and without one; the manual page."""

import os
import shutil
import subprocess
import sys
import tempfile

import commands
import farm

SWEEP = """name: "universality"
task { name: "memory" flip_flop { bits: 1 steps: 10 } }
grid { architecture: "vanilla" activation: "tanh" units: 4 l2: 1e-4 }
seeds { count: 2 }
hyperparameters { learning_rate: 0.1 lr_decay: 0.5 momentum: 0.9 clip_norm: 1 }
training { iterations: 20 batch_size: 8 }
"""
# Calls the function that `complete` names with bash's own words of the line up to its end.
TAB = """
COMP_WORDBREAKS=$' \\t\\n"\\'><=;|&(:'
source <(rnnfarm completion bash)
complete -p rnnfarm | grep -q -- '-F _rnnfarm' || exit 9
COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDS=("${@:2}") COMP_CWORD=$(($# - 2))
_rnnfarm
printf '%s\\n' "${COMPREPLY[@]}"
"""


def split(line):
    """As bash fills COMP_WORDS: broken at blanks and around = and :."""
    words = [""]
    for character in line:
        if character == " ":
            words.append("")
        elif character in "=:":
            if words[-1]:
                words.append("")
            words[-1] = character
            words.append("")
        else:
            words[-1] += character
    if len(words) > 1 and words[-1] == "" and words[-2] in ("=", ":"):
        words.pop()
    return words


def tab(line, cwd=None, **environment):
    """COMPREPLY."""
    done = subprocess.run(["bash", "--norc", "-c", TAB, "bash", line, *split(line)],
                          capture_output=True, text=True, timeout=60, cwd=cwd,
                          env={**os.environ, "PATH": farm.BIN + ":" + os.environ["PATH"],
                               **environment})
    assert done.returncode == 0 and done.stderr == "", (line, done)
    return done.stdout.splitlines() if done.stdout != "\n" else []


def check_words():
    assert "sweep" in tab("rnnfarm ") and "__complete" not in tab("rnnfarm ")
    assert tab("rnnfarm swe") == ["sweep"]
    assert set(tab("rnnfarm sweep ")) >= {"init", "validate", "submit", "list", "show"}
    assert tab("rnnfarm jobs list -o js") == ["json", "jsonl"]
    # bash replaces only what follows the "=".
    assert tab("rnnfarm jobs list --state=fa") == ["failed"]
    assert "failed" in tab("rnnfarm jobs list --state=")
    assert tab("rnnfarm jobs list --sta") == ["--state"]


def check_files():
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(os.path.join(folder, "results"))
        open(os.path.join(folder, "re a.textproto"), "w", encoding="ascii").close()
        assert set(tab("rnnfarm run re", cwd=folder)) == {"results", "re a.textproto"}
        assert tab("rnnfarm run x --out re", cwd=folder) == ["results"]
        assert tab("rnnfarm pull x --coordinator=127.0.0.1:1 re", cwd=folder) == ["results"]


def check_names():
    running = farm.Farm("completion")
    running.start_coordinator()
    file = os.path.join(running.folder, "sweep.textproto")
    with open(file, "w", encoding="ascii") as text:
        text.write(SWEEP)
    running.client("sweep", "submit", file)
    running.start_worker("lab-pc")
    running.wait_for_workers(["lab-pc"])
    there = {"RNNFARM_COORDINATOR": running.address}
    assert tab("rnnfarm watch ", **there) == ["universality"]
    assert tab("rnnfarm sweep show uni", **there) == ["universality"]
    assert tab("rnnfarm watch other", **there) == []
    assert tab("rnnfarm workers drain lab", **there) == ["lab-pc"]
    assert tab("rnnfarm jobs show ", **there) == ["universality/"]
    jobs = [job["name"].split("/")[-1] for job in running.jobs("universality")]
    assert set(tab("rnnfarm jobs show universality/", **there)) == {
        f"universality/{job}" for job in jobs}
    assert set(tab("rnnfarm jobs show sweeps/universality/jobs/", **there)) == {
        f"sweeps/universality/jobs/{job}" for job in jobs}
    networks = tab("rnnfarm networks show universality/", **there)
    assert len(networks) == 2 and all("-s" in name for name in networks), networks
    # The address from the line itself, where bash breaks it at the colon.
    assert tab(f"rnnfarm --coordinator {running.address} watch ") == ["universality"]
    running.passed = True
    running.close()
    assert tab("rnnfarm watch ", **there) == [], "silent without a coordinator"


def check_manual():
    page = commands.run("__man").stdout
    for command in commands.all_commands():
        assert '.SS "rnnfarm %s"' % " ".join(command).replace("-", "\\-") in page, command
    for tool in (["groff", "-man", "-Tutf8", "-ww", "-z"],
                 ["mandoc", "-T", "lint", "-W", "warning"]):
        if shutil.which(tool[0]):
            done = subprocess.run(tool, input=page, capture_output=True, text=True, timeout=60)
            # The page has no date: it is written wherever it is installed.
            said = [line for line in (done.stdout + done.stderr).splitlines()
                    if "missing date" not in line]
            assert not said, (tool, said)


def check_installation():
    """What `cmake --install` puts where the shells and man look for it."""
    if not shutil.which("cmake"):
        return
    with tempfile.TemporaryDirectory() as prefix:
        done = subprocess.run(["cmake", "--install", os.path.dirname(farm.BIN), "--prefix", prefix],
                              capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        for path, said in (("share/man/man1/rnnfarm.1", ".TH RNNFARM 1"),
                           ("share/bash-completion/completions/rnnfarm", "complete -F _rnnfarm"),
                           ("share/zsh/site-functions/_rnnfarm", "#compdef rnnfarm"),
                           ("share/fish/vendor_completions.d/rnnfarm.fish", "complete -c rnnfarm")):
            with open(os.path.join(prefix, path), encoding="utf-8") as file:
                assert said in file.read(), path
        for program in ("rnnfarm", "rnnfarm-coordinator", "rnnfarm-worker"):
            assert os.access(os.path.join(prefix, "bin", program), os.X_OK), program


def check_scripts_of_other_shells():
    for shell in ("zsh", "fish"):
        if shutil.which(shell):
            script = commands.run("completion", shell).stdout
            done = subprocess.run([shell, "-n", "/dev/stdin"], input=script, capture_output=True,
                                  text=True, timeout=60)
            assert done.returncode == 0, (shell, done)


def main():
    check_words()
    check_files()
    check_manual()
    check_scripts_of_other_shells()
    check_installation()
    check_names()


if __name__ == "__main__":
    sys.exit(main())

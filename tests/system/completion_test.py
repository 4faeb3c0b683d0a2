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
    check_other_shells(running)
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


def fish_tab(line, folder, **environment):
    """What fish offers for the end of the line."""
    done = subprocess.run(
        ["fish", "--no-config", "-c", "rnnfarm completion fish | source; complete -C $argv[1]", line],
        capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
        env={**os.environ, "PATH": farm.BIN + ":" + os.environ["PATH"], "HOME": folder,
             **environment})
    assert done.returncode == 0 and done.stderr == "", done
    return {candidate.split("\t")[0] for candidate in done.stdout.splitlines()}


class Zsh:
    """An interactive zsh on a terminal, in which keys are pressed."""

    def __init__(self, folder, **environment):
        self.server = ["tmux", "-L", f"rnnfarm-zsh-{os.getpid()}", "-f", "/dev/null"]
        settings = {"PATH": farm.BIN + ":" + os.environ["PATH"], "HOME": folder, "PS1": "% ",
                    "LC_ALL": "C.UTF-8", **environment}
        self.tmux("new-session", "-d", "-x", "120", "-y", "20", "env",
                  *(f"{name}={value}" for name, value in settings.items()), "zsh", "-f")
        self.type("autoload -U compinit && compinit -u && source <(rnnfarm completion zsh)")
        self.press("Enter")

    def tmux(self, *arguments):
        return subprocess.run([*self.server, *arguments], capture_output=True, text=True,
                              timeout=60, check=True).stdout

    def type(self, text):
        self.tmux("send-keys", "-l", text)

    def press(self, key):
        self.tmux("send-keys", key)

    def tab(self, line, wanted):
        """Presses the tab key behind the line and waits for what is to come of it."""
        self.press("C-u")
        self.press("C-l")
        self.type(line)
        self.press("Tab")
        shown = lambda: [row.strip().removeprefix("% ")
                         for row in self.tmux("capture-pane", "-p").splitlines()]
        farm.wait_until(lambda: wanted in shown(), f"zsh makes {wanted!r} of {line!r}", 30)

    def end(self):
        subprocess.run([*self.server, "kill-server"], check=False, capture_output=True)


def check_other_shells(running):
    there = {"RNNFARM_COORDINATOR": running.address, "XDG_CONFIG_HOME": running.folder}
    open(os.path.join(running.folder, "one of mine.npz"), "w", encoding="ascii").close()
    if shutil.which("fish"):
        assert fish_tab("rnnfarm swe", running.folder, **there) == {"sweep"}
        assert "universality" in fish_tab("rnnfarm sweep show ", running.folder, **there)
        assert fish_tab("rnnfarm workers drain lab", running.folder, **there) == {"lab-pc"}
        assert "failed" in fish_tab("rnnfarm jobs list --state ", running.folder, **there)
        path = os.path.join(running.folder, "one")
        assert path + " of mine.npz" in fish_tab(f"rnnfarm fixed-points {path}", running.folder)
    else:
        print("not tried: no fish")
    if shutil.which("zsh") and shutil.which("tmux"):
        zsh = Zsh(running.folder, **there)
        try:
            zsh.tab("rnnfarm workers dr", "rnnfarm workers drain")
            zsh.tab("rnnfarm workers drain lab", "rnnfarm workers drain lab-pc")
            zsh.tab("rnnfarm sweep show uni", "rnnfarm sweep show universality")
            zsh.tab("rnnfarm jobs show uni", "rnnfarm jobs show universality/")
            line = f"rnnfarm fixed-points {running.folder}/one"
            zsh.tab(line, line + r"\ of\ mine.npz")
        finally:
            zsh.end()
    else:
        print("not tried: no zsh, or no tmux to type into it")


def main():
    check_words()
    check_files()
    check_manual()
    check_installation()
    check_names()


if __name__ == "__main__":
    sys.exit(main())

"""On a terminal of 80 columns no line is broken over two, shown by tmux; on a pipe there is no
escape code and no carriage return. `run` and `watch` while the sweep goes on, Ctrl-C in `watch`,
the page of `watch --html`.

Without tmux the first part is left out and the test is skipped (exit code 77) if all else passed.
"""

import csv
import os
import re
import shlex
import shutil
import subprocess
import sys
import time

import commands
import farm

SKIPPED = 77
COLUMNS, ROWS = 80, 50
SEEDS = 2
BETWEEN = "=== joined ==="
NAME = "universality-of-populations-with-a-name-that-is-long"
TASK = "memory-of-one-bit-that-flips-over-a-long-time"
SWEEP = """name: "%s"
task { name: "%s" flip_flop { bits: 1 steps: 20 } }
grid { architecture: "vanilla" activation: "tanh" units: 16 l2: [1e-4, 0.000123456789] }
seeds { count: %d }
hyperparameters { learning_rate: 0.05 lr_decay: 0.5 momentum: 0.9 clip_norm: 1 }
training { iterations: %d batch_size: 32 validation_trials: 16 log_every: 100 }
analysis { metric { svcca {} } fixed_points { starts: 32 rounds: 1 } }
"""
# Learns nothing and diverges.
FAILING = """name: "failing-%s"
task { name: "%s" flip_flop { bits: 1 steps: 20 } }
grid { architecture: "vanilla" activation: "relu" units: 8 l2: 1e-4 }
seeds { count: 2 }
hyperparameters { learning_rate: 1e30 lr_decay: 0.5 momentum: 0.9 clip_norm: 1e30 }
training { iterations: 50 batch_size: 8 }
limits { max_attempts: 1 }
"""


class Screen:
    """A terminal of 80 columns in which commands run."""

    def __init__(self, folder, environment):
        self.folder = folder
        self.name = f"rnnfarm-{os.getpid()}"
        self.environment = environment
        self.count = 0
        # The server of tmux ends with its last session; this one stays.
        self.tmux("new-session", "-d", "-s", "stays", "sleep 3600")

    def tmux(self, *arguments):
        return subprocess.run(["tmux", "-L", self.name, "-f", "/dev/null", *arguments],
                              capture_output=True, text=True, timeout=60, check=True).stdout

    def start(self, command):
        """Runs it in a new window; where its exit code will be."""
        self.count += 1
        code = os.path.join(self.folder, f"screen-{self.count}.code")
        script = os.path.join(self.folder, f"screen-{self.count}.sh")
        with open(script, "w", encoding="utf-8") as file:
            for name, value in self.environment.items():
                file.write(f"export {name}={shlex.quote(value)}\n")
            file.write(f"{command}\necho $? > {code}.part\nmv {code}.part {code}\nsleep 600\n")
        self.tmux("new-session", "-d", "-x", str(COLUMNS), "-y", str(ROWS), "-s",
                  f"s{self.count}", f"bash --norc {script}")
        return code

    def shown(self):
        """The lines of the screen and all above it, and the same with broken ones joined."""
        # In one go, as the screen may change.
        here = ("capture-pane", "-p", "-S", "-", "-t", f"s{self.count}")
        lines, _, joined = self.tmux(*here, ";", "display-message", "-p", BETWEEN, ";", *here,
                                     "-J").partition(BETWEEN + "\n")
        return lines.rstrip("\n"), joined.rstrip("\n")

    def check(self, command):
        lines, joined = self.shown()
        stripped = "\n".join(line.rstrip() for line in joined.splitlines())
        as_shown = "\n".join(line.rstrip() for line in lines.splitlines())
        assert as_shown == stripped, f"{command}: a line is broken over two:\n{as_shown}"
        return as_shown

    def end(self):
        self.tmux("kill-session", "-t", f"s{self.count}")

    def see(self, command, seconds=120):
        """What the screen shows when the command has ended, and its exit code."""
        return self.last_of(command, self.start(command), seconds)

    def last_of(self, command, code, seconds=120):
        farm.wait_until(lambda: os.path.exists(code), f"{command} ended", seconds)
        time.sleep(farm.POLL_SECONDS)  # tmux reads what was written last
        text = self.check(command)
        self.end()
        with open(code, encoding="ascii") as file:
            return text, int(file.read())


def check_listings(running, screen, file):
    job = running.jobs(NAME)[0]["name"]
    network = NAME + "/" + running.rows("networks", NAME)[0]["key"]
    for command in ("sweep list", f"sweep show {NAME}", f"jobs list {NAME}", f"jobs show {job}",
                    f"jobs list {NAME} --state failed", f"networks list {NAME}",
                    f"networks show {network}", f"explain {network}", "workers list",
                    f"sweep draws {NAME}", f"watch {NAME}", f"watch failing-{NAME}",
                    f"networks list failing-{NAME}", f"sweep show failing-{NAME}",
                    f"retry {NAME} --failed --dry-run", f"logs {job}", f"jobs logs {job}",
                    "logs --failed", f"logs --failed failing-{NAME}",
                    "sweep list --state succeeded --sort -created",
                    "workers list --where 'jobs=0 and threads>0'",
                    f"pull {NAME} {running.folder}/pulled",
                    f"jobs list {NAME} --limit 1", f"sweep submit {file} --dry-run",
                    f"sweep validate {file}", f"retry failing-{NAME} --failed --reseed --dry-run"):
        text, code = screen.see(f"rnnfarm {command}")
        assert code == 0 and text, (command, code, text)
    # Short on the screen, whole where a program reads it.
    text, _ = screen.see(f"rnnfarm networks list {NAME}")
    key = network.split("/")[1]
    assert ".." in text and key not in text, text
    assert key in running.client("networks", "list", NAME, "-o", "wide").stdout
    assert key in running.client("networks", "list", NAME).stdout, "a pipe has no width"
    bad = os.path.join(running.folder, "bad.textproto")
    shutil.copy(os.path.join(os.path.dirname(os.path.abspath(__file__)), "sweeps", "bad.textproto"),
                bad)
    text, code = screen.see(f"rnnfarm sweep validate {bad} --set foo.bar=1")
    assert code == 2 and "errors; nothing was created" in text, text
    text, code = screen.see("rnnfarm watch no-such-sweep")
    assert code == 3, text
    text, code = screen.see("rnnfarm --coordinator 127.0.0.1:1 sweep list")
    assert code == 4 and "127.0.0.1:1" in text, text


def check_helps(screen):
    helps = ["rnnfarm --help", "rnnfarm swep"]
    helps += [f"rnnfarm {' '.join(command)} --help" for command in commands.all_commands()]
    screen.see("; ".join(helps), 300)


def progress_on(text):
    """The lines of the progress that the screen shows: those of the stages, then the sweep's."""
    return [line for line in text.splitlines()
            if re.search(r" \[[#.]{20}\] +\d+/\d+ | (running|succeeded) [\d.]+%", line)]


def look_at(screen, command, until=None, seconds=300):
    """Looks at the redrawn progress of a command again and again, until it has ended or `until` of
    the screen is true: the screens that were seen, in order, and where its exit code will be."""
    # Not in the first line: what is cleared from there tmux keeps above the screen.
    code = screen.start(f"echo; rnnfarm {command}")
    end = time.monotonic() + seconds
    seen = []
    while not os.path.exists(code) and not (until and seen and until(seen[-1])):
        assert time.monotonic() < end, f"{command} goes on for {seconds} s:\n{seen[-1]}"
        text = screen.check(command)
        seen += [text] if seen[-1:] != [text] else []
        time.sleep(farm.POLL_SECONDS)
    return seen, code


def check_redrawn(seen, text, stages):
    """Several states of the progress in one place, and the final counts alone in the end."""
    states = [progress_on(one) for one in seen]
    # At no time more than one drawing of it.
    assert max(map(len, states)) == stages + 1, states
    running = {tuple(lines) for lines in states if any(" running " in line for line in lines)}
    assert len(running) > 1, f"it was not redrawn: {running}"
    last = progress_on(text)
    assert len(last) == stages + 1 and " succeeded 100.0%" in last[-1], text
    assert not any(" running" in line for line in last), text
    for line in last[:-1]:
        count = re.search(r"\[#{20}\] +(\d+)/(\d+) +100%$", line)
        assert count and count.group(1) == count.group(2), text


def check_live(running, screen, file):
    """The redrawn progress of `run`."""
    command = f"run {file} --out {os.path.join(running.folder, 'run')} --threads 2"
    seen, code = look_at(screen, command)
    text, code = screen.last_of(command, code)
    assert code == 0, (code, text)
    check_redrawn(seen, text, stages=3)


def check_watched(running, screen, file):
    """The same of `watch`, which Ctrl-C ends alone: the sweep goes on."""
    name = "watched-" + NAME
    running.client("sweep", "submit", file, "--set", f"name={name}")
    command = f"watch {name}"
    _, code = look_at(screen, command, until=lambda text: " running " in text)
    assert not os.path.exists(code), screen.check(command)
    screen.tmux("send-keys", "-t", f"s{screen.count}", "C-c")
    text, code = screen.last_of(command, code)
    assert code == 130, (code, text)
    assert "the sweep goes on without this watch" in re.sub(r"\s+", " ", text), text
    before = running.jobs(name)
    assert not all(job["state"] == "succeeded" for job in before), "it had ended by itself"
    seen, code = look_at(screen, command)
    text, code = screen.last_of(command, code)
    assert code == 0, (code, text)
    check_redrawn(seen, text, stages=3)
    assert len(before) == 2 * (2 * SEEDS) + 1, before
    assert {job["state"] for job in running.jobs(name)} == {"succeeded"}
    assert f"train {2 * SEEDS}/{2 * SEEDS}  analyze {2 * SEEDS}/{2 * SEEDS}  compare 1/1" in \
        running.client("watch", name, "--compact").stdout


def check_pipes(running):
    job = running.jobs(NAME)[0]["name"]
    for command in (["sweep", "list"], ["sweep", "show", NAME],
                    ["jobs", "list", NAME, "-o", "wide"], ["jobs", "show", job],
                    ["networks", "list", NAME], ["networks", "list", NAME, "-o", "csv"],
                    ["jobs", "list", "-o", "csv"], ["watch", NAME],
                    ["watch", NAME, "--compact"], ["workers", "list"], ["--help"]):
        done = running.client(*command)
        assert "\033" not in done.stdout + done.stderr, command
        assert "\r" not in done.stdout + done.stderr, command
    table = running.client("networks", "list", NAME, "-o", "csv").stdout
    assert next(csv.DictReader(table.splitlines()))["key"].startswith(TASK), table


def check_colour(running, screen):
    """Colour on a terminal only, and not with NO_COLOR."""
    def drawn(command):
        return subprocess.run(["script", "-qec", command, "/dev/null"], capture_output=True,
                              text=True, timeout=60, stdin=subprocess.DEVNULL,
                              env={**os.environ, **screen.environment, "TERM": "xterm"}).stdout
    if shutil.which("script"):
        assert "\033[32m" in drawn(f"rnnfarm jobs list {NAME}")
        assert "\033" not in drawn(f"NO_COLOR=1 rnnfarm jobs list {NAME}")


def check_page(running, file):
    """Whole at any time, and the final one at the end."""
    page = os.path.join(running.folder, "live.html")
    running.client("sweep", "submit", file)
    watch = running.spawn("watch", os.path.join(farm.BIN, "rnnfarm"), "--coordinator",
                          running.address, "watch", NAME, "--html", page)
    farm.wait_until(lambda: os.path.exists(page), "the page is there", 60)
    assert watch.poll() is None, "it ended before there was a page: " + running.log("watch")
    running.start_worker("a-worker-with-a-long-name-on-a-machine")
    live = 0
    while watch.poll() is None:
        with open(page, encoding="utf-8") as text:
            html = text.read()
        assert html.startswith("<!doctype html>") and html.rstrip().endswith("</html>")
        live += 'http-equiv="refresh"' in html
        time.sleep(farm.POLL_SECONDS)
    assert watch.returncode == 0 and live > 0, running.log("watch")
    with open(page, encoding="utf-8") as text:
        html = text.read()
    assert 'http-equiv="refresh"' not in html and "succeeded 100.0%" in html
    assert re.search(r'"cells":', html) and not os.path.exists(page + ".part")


def main():
    running = farm.Farm("terminal")
    running.start_coordinator()
    file, long, failing = (os.path.join(running.folder, name + ".textproto")
                           for name in ("sweep", "long", "failing"))
    for path, text in ((file, SWEEP % (NAME, TASK, SEEDS, 1000)),
                       (long, SWEEP % (NAME, TASK, SEEDS, 30000)),
                       (failing, FAILING % (NAME, TASK))):
        with open(path, "w", encoding="ascii") as out:
            out.write(text)
    check_page(running, file)
    running.client("sweep", "submit", failing)
    running.client("watch", f"failing-{NAME}")
    check_pipes(running)
    if shutil.which("tmux"):
        screen = Screen(running.folder, {"RNNFARM_COORDINATOR": running.address,
                                         "LC_ALL": "C.UTF-8",
                                         "PATH": farm.BIN + ":" + os.environ["PATH"],
                                         "XDG_CONFIG_HOME": running.folder})
        try:
            check_listings(running, screen, file)
            check_helps(screen)
            check_live(running, screen, long)
            check_watched(running, screen, long)
            check_colour(running, screen)
        finally:
            subprocess.run(["tmux", "-L", screen.name, "kill-server"], check=False,
                           capture_output=True)
    running.passed = True
    running.close()
    if not shutil.which("tmux"):
        print("skipped: no tmux, so nothing was seen on a terminal")
        return SKIPPED
    return 0


if __name__ == "__main__":
    sys.exit(main())

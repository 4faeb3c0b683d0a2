"""A failure on purpose and what a person does about it: a learning rate of 1000, told by watch,
logs and explain, tried again with other seeds. What only came too late is tried again by `run
--retry-failed`. Around it what the commands ask the coordinator: the preview of a sweep, the log of
a job, pages of a listing, exit codes."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import commands
import farm

HERE = os.path.dirname(os.path.abspath(__file__))
SWEEP = os.path.join(HERE, "sweeps", "diverging.textproto")
HURRIED = os.path.join(HERE, "sweeps", "hurried.textproto")
NETWORK = "memory-vanilla-relu-8-l2_1e-05-s"
TRAININGS = [f"sweeps/too-fast/jobs/train-{NETWORK}{seed}" for seed in range(3)]


def expect(text, *patterns):
    for pattern in patterns:
        assert re.search(pattern, text), f"nothing like {pattern!r} in:\n{text}"


def expect_code(code, running, *arguments):
    done = running.client(*arguments, check=False)
    assert done.returncode == code, f"{arguments}: {done.returncode}, not {code}:\n{done.stderr}"
    return done.stdout + done.stderr


def check_preview_of_the_paper(running):
    """Exactly 8,280 networks, or 8,640 without the exclusion."""
    paper = running.client("sweep", "init", "paper").stdout
    whole = re.sub(r"(?m)^exclude {[^}]*}$", "", paper).replace('"universality-2019"', '"whole"')
    assert whole.count("exclude {") == 0
    for name, text, networks in (("universality-2019", paper, 8280), ("whole", whole, 8640)):
        path = os.path.join(running.folder, name + ".textproto")
        with open(path, "w") as file:
            file.write(text)
        told = running.client("sweep", "submit", path, "--dry-run").stdout
        expect(told, rf"{networks} networks", rf"train +{networks} +not measured +not measured",
               rf"analyze +{2 * networks} +not measured +-", "Not measured: ",
               rf"task +flipflop \(2880\), sine \({networks - 2 * 2880}\), cdi \(2880\)")
        expect(running.client("sweep", "validate", path).stdout, rf"{networks} networks",
               rf"train +{networks}\n")
        for line in told.splitlines()[1:]:
            assert len(line) <= 80, line
        assert running.rows("sweep") == [], "a preview creates nothing"
    expect(running.client("sweep", "submit", path, "--dry-run", "--set",
                          "name=universality-2019").stdout, "8640")
    for name, networks in (("whole", 8640), ("universality-2019", 8280)):
        begin = time.monotonic()
        running.client("sweep", "submit", os.path.join(running.folder, name + ".textproto"))
        print(f"{networks} networks were submitted in {time.monotonic() - begin:.2f} s")
        trained = running.client("networks", "list", name, "--where", "untrained=false",
                                 "--limit", "1")
        expect(trained.stderr, f"1 of {networks} shown; the next with --page-token ")
        running.client("sweep", "cancel", name)


def check_pages(running):
    """Page by page every job comes once, in the order in which all come at once."""
    listing = ("jobs", "list", "universality-2019", "--where", "kind=train and task=cdi", "--sort",
               "units", "-o", "name")
    all_names = running.client(*listing, "--limit", "0").stdout.splitlines()
    assert len(all_names) == 2880 and len(set(all_names)) == 2880
    names, token = [], []
    while True:
        done = running.client(*listing, "--limit", "1100", *token)
        names += done.stdout.splitlines()
        more = re.search(r"--page-token (\S+),", done.stderr)
        if not more:
            expect(done.stderr, "680 of 2880 shown; these are the last")
            break
        token = ["--page-token", more.group(1)]
    assert names == all_names
    # Of all sweeps.
    done = running.client("jobs", "list", "--where", "units>=128 and seed=3", "--sort", "loss",
                          "--state", "cancelled", "--limit", "3")
    expect(done.stderr, r"3 of \d{4} shown")
    expect_code(2, running, "jobs", "list", "universality-2019", *token)  # of another filter


def check_watch_and_logs(running):
    followed = subprocess.Popen(
        [os.path.join(farm.BIN, "rnnfarm"), "--coordinator", running.address, "logs", "-f",
         TRAININGS[0]], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    running.start_worker("w1")
    told = running.watch("too-fast").stdout
    assert told.count("\ndiverged: ") + told.startswith("diverged: ") == 1, told
    expect(told, r"diverged: training diverged at iteration \d+.*\(\d jobs?; see "
           r"`rnnfarm logs --failed too-fast`, try again with another seed: `rnnfarm retry "
           r"too-fast --failed --reseed --where state=diverged`\)", "3 diverged")
    out, err = followed.communicate(timeout=60)
    assert followed.returncode == 0, err
    expect(out, r"(?m)^\S+Z  leased  leased to workers/w1  \(attempt 1, w1\)$",
           r"(?m)^\S+Z  ended  ended as DIVERGED: attempt 1 diverged  \(attempt 1, w1\)$")
    assert out == running.client("jobs", "logs", TRAININGS[0]).stdout
    events = [json.loads(line) for line in
              running.client("logs", TRAININGS[0], "-o", "jsonl").stdout.splitlines()]
    assert events[0]["kind"] == "created" and len(events) == out.count("\n")
    expect_code(0, running, "watch", "too-fast", "--exit-status")  # a result, not a failure
    for arguments in (("too-fast",), ()):
        told = running.client("logs", "--failed", *arguments).stdout
        expect(told, r"(?m)^too-fast: 3 diverged: training diverged at iteration",
               rf"such as  {TRAININGS[0]}\n", r"(?m)retry    rnnfarm retry too-fast --failed --reseed --where state=diverged$")
    groups = json.loads(running.client("jobs", "logs", "--failed", "-o", "json").stdout)
    assert [group["jobs"] for group in groups] == [3], groups


def check_detaching(running):
    """Ctrl-C ends the watching alone."""
    job = running.client("jobs", "list", "held-back", "--limit", "1", "-o", "name").stdout.strip()
    following = subprocess.Popen(
        [os.path.join(farm.BIN, "rnnfarm"), "--coordinator", running.address, "jobs", "logs", "-f",
         job], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(1)
    assert following.poll() is None, "it follows a job that waits"
    following.send_signal(signal.SIGINT)
    out, err = following.communicate(timeout=10)
    assert following.returncode == 130, (following.returncode, err)
    expect(err, "the job goes on")


def check_explained(running):
    told = running.client("explain", f"too-fast/{NETWORK}0").stdout
    expect(told, "diverged, excluded: training diverged at iteration", "learning rate 1000",
           "known beforehand, from the sweep's file", "ended as DIVERGED")


def check_retry(running):
    done = running.client("retry", "too-fast", "--failed")
    assert done.stdout == "", done.stdout
    expect(done.stderr, "3 trainings diverged and would again with the same seed: --reseed")
    done = running.client("retry", "too-fast", "--failed", "--reseed", "--dry-run")
    assert done.stdout.split() == TRAININGS, done.stdout
    assert running.job(TRAININGS[0])["state"] == "JOB_STATE_DIVERGED", "a dry run changes nothing"
    none = running.client("retry", "too-fast", "--failed", "--reseed", "--reason", "out of ink")
    assert none.stdout == "", none.stdout
    retry = re.search(r"retry    rnnfarm (retry .*)", running.client("logs", "--failed").stdout)
    *command, where = retry.group(1).split()
    done = running.client(*command, where + " and seed<2", "--reason", "training diverged")
    assert done.stdout.split() == TRAININGS[:2], done.stdout
    running.watch("too-fast")
    check_reseeded(running)


def check_reseeded(running):
    for seed, times in ((0, 1), (1, 1), (2, 0)):
        name = f"too-fast/{NETWORK}{seed}"
        network = json.loads(running.client("networks", "show", name, "-o", "json").stdout)
        assert network.get("reseeds", 0) == times, network
        assert (f"-s{seed}-reseed1" in running.client("networks", "show", name).stdout) == (times > 0)
        assert (f"-s{seed}-reseed1" in running.client("explain", name).stdout) == (times > 0)
    expect(running.client("logs", TRAININGS[0]).stdout, "retried by a person with another seed")
    rows = running.rows("networks", "too-fast", "--where", "reseeds>0 and untrained=false")
    assert [row["key"][-1] for row in rows] == ["0", "1"], rows


def check_measured(running):
    """What ended here is what the same cells cost again."""
    told = running.client("sweep", "submit", SWEEP, "--dry-run", "--set", "name=again", "--set",
                          "seeds.count=5").stdout
    # Diverged trainings are cut short and say nothing; the controls were analysed.
    expect(told, r"train +5 +not measured", r"analyze +10 +[\d.e-]+ +-")
    expect(running.client("sweep", "submit", SWEEP, "--dry-run").stdout,
           "no jobs: the coordinator has this sweep already")
    expect(running.client("sweep", "submit", SWEEP, "--dry-run", "--extend", "--set",
                          "seeds.count=4").stdout, r"train +1 ", r"analyze +2 ")


def attempts_in(out):
    """Attempts of each job, by its name within the sweep, of a folder that `run` left."""
    kept = farm.Farm("kept")
    kept.store = os.path.join(out, ".farm")
    kept.start_coordinator()
    found = {job["name"].split("/")[-1]: (job["state"], job["attempt"])
             for job in kept.rows("jobs", "--limit", "0")}
    assert farm.terminate(kept.coordinator) == 0
    kept.passed = True
    kept.close()
    return found


def run_again(code, file, out, *arguments):
    done = commands.run("run", file, "--out", out, "--threads", "2", *arguments)
    assert done.returncode == code, f"{arguments}: {done.returncode}, not {code}:\n{done.stderr}"
    return done.stderr


def check_run_retries(running):
    """Only with --retry-failed is what failed tried again, and nothing else then."""
    out = os.path.join(running.folder, "hurried")
    late = r"failed: not done within the job's time limit of 5s; limits.job_timeout raises it " \
        r"\(\d jobs?; run again with --retry-failed to try again\)"
    ended = r"hurried failed 100.0%  train 2/2  analyze 4/4  compare 1/1  failed 2\n"
    expect(run_again(5, HURRIED, out, "--engine", "reference"), late, ended)
    before = attempts_in(out)
    trainings = sorted(name for name in before if name.startswith("train-"))
    assert [before[name] for name in trainings] == [("failed", 1)] * 2, before
    done = {name for name, kept in before.items() if kept == ("succeeded", 1)}
    assert sum(name.endswith("-untrained") for name in done) == 2, before
    # With the engine that is fast enough, which changes nothing by itself.
    expect(run_again(5, HURRIED, out), "going on where it stopped", late, ended)
    assert attempts_in(out) == before
    told = run_again(0, HURRIED, out, "--retry-failed")
    expect(told, "going on where it stopped",
           r"hurried succeeded 100.0%  train 2/2  analyze 4/4  compare 1/1\n")
    assert "failed" not in told, told
    after = attempts_in(out)
    assert [after[name] for name in trainings] == [("succeeded", 2)] * 2, after
    assert {state for state, _ in after.values()} == {"succeeded"} and after.keys() == before.keys()
    for name in done - {"compare-memory"}:  # which compares more networks now
        assert after[name] == before[name], (name, before, after)
    for seed in (0, 1):
        assert os.path.exists(os.path.join(out, "memory", "networks",
                                           f"memory-vanilla-tanh-16-l2_0.0001-s{seed}.npz"))
    # Nothing is left to be tried.
    run_again(0, HURRIED, out, "--retry-failed")
    assert attempts_in(out) == after


def check_run_ends_with_held(running):
    """No larger worker will come to `run`: it ends, and goes on with more memory."""
    out = os.path.join(running.folder, "held")
    told = run_again(5, HURRIED, out, "--memory", "1KiB")
    expect(told, "2 jobs need more memory than there is.*larger --memory and --retry-failed")
    trainings = {state for name, (state, _) in attempts_in(out).items()
                 if name.startswith("train-")}
    assert trainings == {"held"}, trainings
    run_again(0, HURRIED, out, "--retry-failed")


def check_run_keeps_diverged(running):
    """What diverged would again with the same seed: no failure, and not tried again."""
    out = os.path.join(running.folder, "too-fast")
    run_again(0, SWEEP, out)
    before = attempts_in(out)
    told = run_again(0, SWEEP, out, "--retry-failed")
    expect(told, r"\(\d jobs?; no error: other hyperparameters are another sweep\)", "3 diverged")
    after = attempts_in(out)
    assert after == before and list(after.values()).count(("diverged", 1)) == 3, (before, after)


def check_codes(running):
    for command in (("sweep", "cancel"), ("sweep", "pause"), ("sweep", "resume"), ("retry",),
                    ("logs", "--failed")):
        flags = ["--failed"] if command == ("retry",) else []
        expect(expect_code(3, running, *command, "too-fost", *flags), "too-fast")
    expect_code(3, running, "workers", "drain", "nobody")
    expect_code(3, running, "logs", "too-fast/train-nothing")
    expect_code(2, running, "retry", "too-fast")
    expect_code(2, running, "logs")
    expect_code(2, running, "logs", "--failed", "-f")
    expect_code(1, running, "sweep", "pause", "too-fast")  # it has ended
    expect_code(0, running, "workers", "drain", "w1")
    assert running.processes["w1"].wait(60) == 0, "a drained worker ends with 0"
    expect_code(0, running, "sweep", "pause", "held-back")
    expect_code(0, running, "sweep", "resume", "held-back")
    expect_code(0, running, "sweep", "cancel", "held-back")


def main():
    running = farm.Farm("diverged")
    running.start_coordinator()
    check_preview_of_the_paper(running)
    check_pages(running)
    running.client("sweep", "submit", SWEEP, "--set", "name=held-back")
    running.client("sweep", "pause", "held-back")
    check_detaching(running)
    running.client("sweep", "submit", SWEEP)
    check_watch_and_logs(running)
    check_explained(running)
    check_retry(running)
    check_measured(running)
    check_codes(running)
    check_run_retries(running)
    check_run_ends_with_held(running)
    check_run_keeps_diverged(running)
    running.passed = True
    running.close()


if __name__ == "__main__":
    sys.exit(main())

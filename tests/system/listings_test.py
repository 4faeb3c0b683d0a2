"""Every listing of the command in every format: the formats say the same. Pages, sorting and
filters against the same done in Python on all rows. Data on stdout, narration on stderr."""

import csv
import json
import os
import re
import sys

import farm

FORMATS = ("table", "wide", "json", "jsonl", "csv", "name")
# A short search that takes whatever it finds.
SEARCHED = """name: "searched"
task { name: "memory" flip_flop { bits: 1 steps: 10 } }
grid { architecture: ["vanilla", "gru"] activation: "tanh" units: [4, 12] l2: 1e-4 }
seeds { count: 1 }
search { trials_per_config: 2 rungs: 2 learnt_below: 1000 }
training {
  iterations: 40 batch_size: 4 validation_trials: 8 log_every: 10 keep_untrained: true
}
analysis { metric { svcca {} } fixed_points { starts: 8 rounds: 1 } }
"""
# A learning rate at which every seed diverges, told with a comma, which csv has to quote.
DIVERGING = """name: "diverging"
task { name: "memory" flip_flop { bits: 1 steps: 10 } }
grid { architecture: "vanilla" activation: "relu" units: 8 l2: 1e-5 }
seeds { count: 2 }
hyperparameters { learning_rate: 1000 lr_decay: 0.5 momentum: 0.9 clip_norm: 1000000000 }
training { iterations: 200 batch_size: 8 validation_trials: 16 log_every: 20 }
"""
LISTINGS = [("sweep", "list"), ("jobs", "list", "--limit", "0"),
            ("jobs", "list", "searched", "--limit", "0"),
            ("networks", "list", "searched", "--limit", "0"),
            ("networks", "list", "diverging", "--limit", "0"), ("workers", "list"),
            ("sweep", "draws", "searched"), ("logs", "--failed"),
            ("logs", "--failed", "diverging"), ("jobs", "logs", "--failed")]
# Without a row. `logs --failed` says so.
EMPTY = [("sweep", "draws", "diverging"), ("logs", "--failed", "searched"),
         ("networks", "list", "searched", "--where", "units>1000"),
         ("jobs", "list", "--where", "kind=train and units>1000")]
# The coordinator is seen whenever it is asked.
ALWAYS_OTHER = "last_seen"
UNSORTED = ("fixed_points", "rejected")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")


def printed(running, *arguments):
    """What goes to stdout, and what to stderr; no code of a terminal in either."""
    done = running.client(*arguments)
    for text in (done.stdout, done.stderr):
        assert "\033" not in text and "\r" not in text, (arguments, text)
    return done.stdout, done.stderr


def as_csv(value):
    """What csv has of a value of JSON; numbers in the shortest form that reads back as the same."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def same_in_csv(value, cell):
    if isinstance(value, float):
        return cell != "" and float(cell) == value
    return as_csv(value) == cell


def same_in_table(value, cell):
    if value is None or value == "":
        return cell == "-"
    if isinstance(value, bool):
        return cell == ("yes" if value else "no")
    if isinstance(value, int):  # a whole number may be a column of real ones
        return cell == str(value) or (cell != "-" and float(cell) == float(f"{value:.6g}"))
    if isinstance(value, float):
        return cell != "-" and float(cell) == float(f"{value:.6g}")
    return cell == value


def cells(line):
    return re.split(r" {2,}", line)


def check_text(text, rows, whole):
    """A table: the columns of the rows in their order, all of them if `whole`."""
    head, *lines = text.splitlines()
    names = [name.lower() for name in cells(head)]
    columns = list(rows[0])
    assert [name for name in columns if name in names] == names, (names, columns)
    assert names[0] == columns[0] and (not whole or names == columns), (names, columns)
    assert len(lines) == len(rows), text
    for line, row in zip(lines, rows):
        shown = cells(line.strip())
        assert len(shown) == len(names), (names, shown)
        for name, cell in zip(names, shown):
            assert name == ALWAYS_OTHER or same_in_table(row[name], cell), (name, cell, row)


def check_told(text, rows):
    """Failures are told, not tabulated: three lines a group."""
    assert text == "".join(f"{row['sweep']}: {row['jobs']} {row['state']}: {row['reason']}\n"
                           f"  such as  {row['example']}\n  retry    {row['retry']}\n"
                           for row in rows), (text, rows)


def check_formats(running, listing):
    text = {}
    for form in FORMATS:
        text[form], said = printed(running, *listing, "-o", form)
        assert said == "", f"{listing} -o {form}: {said}"
    assert printed(running, *listing)[0].count("\n") == text["table"].count("\n"), listing
    rows = json.loads(text["json"])
    assert rows and all(list(row) == list(rows[0]) for row in rows), text["json"]
    lines = [json.loads(line) for line in text["jsonl"].splitlines()]
    of_csv = list(csv.DictReader(text["csv"].splitlines(), strict=True))
    assert len(lines) == len(of_csv) == len(rows), (listing, text)
    for row, line, other in zip(rows, lines, of_csv):
        assert list(line) == list(other) == list(row), (listing, line, other)
        for name, value in row.items():
            if name == ALWAYS_OTHER:
                assert all(TIME.match(seen[name]) for seen in (row, line, other)), row
                continue
            assert line[name] == value, (listing, name, line, row)
            assert same_in_csv(value, other[name]), (listing, name, other, row)
    assert text["name"].splitlines() == [str(next(iter(row.values()))) for row in rows], text
    check_text(text["wide"], rows, whole=True)
    if listing[0] == "logs" and "--failed" not in listing:
        # An event a line, for people.
        assert all(line.startswith(f"{row['time']}  {row['kind']}  {row['text']}")
                   for line, row in zip(text["table"].splitlines(), rows)), text["table"]
        assert text["table"].count("\n") == len(rows), text["table"]
    elif "logs" in listing:
        check_told(text["table"], rows)
    else:
        check_text(text["table"], rows, whole=False)
    return rows


def check_empty(running, listing):
    for form in FORMATS:
        out, said = printed(running, *listing, "-o", form)
        head = out.splitlines()
        if form == "json":
            assert json.loads(out) == [], out
        elif form in ("jsonl", "name"):
            assert out == "", out
        elif form == "table" and listing[0] == "logs":
            assert out == "", out
        else:
            assert len(head) == 1 and len(re.split(",| {2,}", head[0])) > 3, out
        assert said == ("no job failed\n" if listing[0] == "logs" else ""), (listing, said)


def check_pages(running, listing, whole, limit):
    """Walks the pages to the end: all of `whole` once, in its order."""
    names, token = [], []
    while True:
        out, said = printed(running, *listing, "--limit", str(limit), *token, "-o", "name")
        page = out.splitlines()
        names += page
        assert names == whole[:len(names)] and 0 < len(page) <= limit, (names, whole)
        # Of as many as there are, whatever the format; nothing of it among the data.
        lines, also_said = printed(running, *listing, "--limit", str(limit), *token, "-o", "jsonl")
        assert lines.count("\n") == len(page) and also_said == said, (lines, said)
        assert said.startswith(f"{len(page)} of {len(whole)} shown; "), said
        more = re.search(r"; the next with --page-token (\S+), all with --limit 0\n$", said)
        if not more:
            break
        assert len(page) == limit, page
        token = ["--page-token", more.group(1)]
    assert said.endswith("; these are the last, all with --limit 0\n"), said
    assert names == whole and len(set(names)) == len(names), (names, whole)


def in_order(rows, key, reverse):
    """Stable in both directions, missing values last in both."""
    there = [row for row in rows if key(row) is not None]
    return (sorted(there, key=key, reverse=reverse) +
            [row for row in rows if key(row) is None])


def first(row):
    return next(iter(row.values()))


def check_sorted(running, listing, rows, field, key):
    values = {key(row) for row in rows}
    assert len(values - {None}) > 1, f"{field} has no order to be seen: {values}"
    for sort, reverse in ((field, False), ("-" + field, True)):
        # Joined to the option, as -FIELD begins like one.
        for option in ([f"--sort={sort}"], ["--sort", sort]):
            out, _ = printed(running, *listing, *option, "--limit", "0", "-o", "name")
            expected = [first(row) for row in in_order(rows, key, reverse)]
            assert out.splitlines() == expected, (listing, option, out, expected)
    return None in values


def check_filtered(running, listing, rows, where, holds):
    expected = [first(row) for row in rows if holds(row)]
    assert 0 < len(expected) < len(rows), f"{where} tells nothing apart: {expected}"
    out, said = printed(running, *listing, "--where", where, "--limit", "0", "-o", "name")
    assert out.splitlines() == expected and said == "", (where, out, expected, said)


def check_networks(running, rows):
    listing = ("networks", "list", "searched")
    names = [row["key"] for row in rows]
    for limit in (1, 3, len(rows) - 1):
        check_pages(running, listing, names, limit)
    missing = [check_sorted(running, listing, rows, field, lambda row, name=column: row[name])
               for field, column in (("loss", "validation_loss"),
                                     ("validation_loss", "validation_loss"),
                                     ("train_loss", "train_loss"),
                                     ("learning_rate", "learning_rate"), ("units", "units"),
                                     ("architecture", "architecture"), ("key", "key"))]
    assert missing == [True, True, True, True, False, False, False], missing
    losses = sorted(row["validation_loss"] for row in rows if row["validation_loss"] is not None)
    middle = losses[len(losses) // 2]
    lost = lambda row: row["validation_loss"] is None  # no comparison is true of it
    for where, holds in (
            ("units>=12 and architecture=gru",
             lambda row: row["units"] >= 12 and row["architecture"] == "gru"),
            ("untrained=true and units<12 and architecture!=gru",
             lambda row: row["untrained"] and row["units"] < 12 and row["architecture"] != "gru"),
            (f"loss<{middle!r}", lambda row: not lost(row) and row["validation_loss"] < middle),
            (f"loss>={middle!r} and state=analyzed",
             lambda row: not lost(row) and row["validation_loss"] >= middle),
            (f"loss!={middle!r} AND iterations == 40",
             lambda row: not lost(row) and row["validation_loss"] != middle),
            ("loss<=1e300 and l2=0.0001", lambda row: not lost(row))):
        check_filtered(running, listing, rows, where, holds)
    # All at once: the pages of a part in an order of its own.
    part = [row for row in rows if row["units"] >= 4 and not row["untrained"]]
    check_pages(running, (*listing, "--where", "units>=4 and untrained=false", "--sort=-loss"),
                [row["key"] for row in in_order(part, lambda row: row["validation_loss"], True)],
                3)
    analyzed = [row["key"] for row in rows if row["state"] == "analyzed" and row["units"] == 4]
    out, _ = printed(running, *listing, "--state", "analyzed", "--where", "units=4", "-o", "name")
    assert analyzed and out.splitlines() == analyzed, (out, analyzed)


def draw_of(row):
    found = re.search(r" draw (\d+) rung \d+$", row["subject"] or "")
    return int(found.group(1)) if found else None


def check_jobs(running, rows, networks):
    names = [row["name"] for row in rows]
    check_pages(running, ("jobs", "list"), names, 7)
    check_pages(running, ("jobs", "list", "searched"),
                [name for name in names if name.startswith("sweeps/searched/")], 10)
    of_network = {row["key"]: row for row in networks}
    # Its network's; what it tells while it runs is loss_now.
    loss = lambda row: of_network.get(row["subject"], {}).get("validation_loss")
    assert not any(row["loss_now"] for row in rows), "they have ended"
    searched = [row for row in rows if row["name"].startswith("sweeps/searched/")]
    assert check_sorted(running, ("jobs", "list", "searched"), searched, "loss", loss)
    check_sorted(running, ("jobs", "list"), rows, "subject", lambda row: row["subject"])
    assert check_sorted(running, ("jobs", "list"), rows, "draw", draw_of)
    assert check_sorted(running, ("jobs", "list"), rows, "worker", lambda row: row["worker"])
    assert check_sorted(running, ("jobs", "list"), rows, "reason", lambda row: row["reason"])
    assert not check_sorted(running, ("jobs", "list"), rows, "kind", lambda row: row["kind"])
    worker = next(row["worker"] for row in rows if draw_of(row) == 0)
    for where, holds in (
            ("kind=train and state=succeeded",
             lambda row: (row["kind"], row["state"]) == ("train", "succeeded")),
            ("kind!=search and attempt>=1 and state!=diverged",
             lambda row: row["kind"] != "search" and row["attempt"] >= 1
             and row["state"] != "diverged"),
            ("draw=1 and rung<1", lambda row: draw_of(row) == 1 and "rung 0" in row["subject"]),
            (f'draw!=1 and worker={worker}',
             lambda row: draw_of(row) not in (None, 1) and row["worker"] == worker),
            ("state=cancelled and errors=0", lambda row: row["state"] == "cancelled")):
        check_filtered(running, ("jobs", "list"), rows, where, holds)


def check_columns(running, listing, rows):
    """Whatever column is shown, one can sort by it, or is told that one cannot."""
    for name in rows[0]:
        done = running.client(*listing, "--sort", name, "-o", "name", check=False)
        if name in UNSORTED:
            assert done.returncode == 2 and done.stdout == "", (listing, name, done)
            assert f'--sort: "{name}" holds several counts and has no order; valid' in done.stderr, done
            assert f" {name}," not in done.stderr, done
        else:
            assert done.returncode == 0 and len(done.stdout.splitlines()) == len(rows), done


def check_sweeps(running, rows):
    listing = ("sweep", "list")
    check_pages(running, listing, [row["name"] for row in rows], 1)
    for field in ("name", "networks", "jobs"):
        assert not check_sorted(running, listing, rows, field, lambda row: row[field])
    check_filtered(running, listing, rows, "state=succeeded and networks>=4 and failed=0",
                   lambda row: row["networks"] >= 4)
    out, _ = printed(running, *listing, "--state", "running", "-o", "name")
    assert out == "", out


def check_workers(running, rows):
    listing = ("workers", "list")
    check_pages(running, listing, [row["name"] for row in rows], 2)
    assert not check_sorted(running, listing, rows, "name", lambda row: row["name"])
    check_filtered(running, listing, rows, "name!=w1 and done>0 and threads=1",
                   lambda row: row["name"] == "w2")


def check_draws(running, rows):
    """Filters, sorting and pages are of the rows shown, the draws."""
    listing = ("sweep", "draws", "searched")

    def drawn(*options):
        out, said = printed(running, *listing, *options, "-o", "jsonl")
        return [json.loads(line) for line in out.splitlines()], said

    for where, holds in (
            ("architecture=gru and units>=12",
             lambda row: row["architecture"] == "gru" and row["units"] >= 12),
            ("draw=1", lambda row: row["draw"] == 1), ("chosen=true", lambda row: row["chosen"]),
            ("rung<1 and diverged=false and units=4",
             lambda row: row["rung"] < 1 and not row["diverged"] and row["units"] == 4)):
        expected = [row for row in rows if holds(row)]
        assert 0 < len(expected) < len(rows), where
        assert drawn("--where", where) == (expected, ""), where
    for field in ("units", "draw", "validation_loss", "learning_rate", "configuration"):
        for sort, reverse in ((field, False), ("-" + field, True)):
            expected = in_order(rows, lambda row, name=field: row[name], reverse)
            assert drawn("--sort", sort) == (expected, ""), sort
    shown, said = drawn("--sort", "loss", "--limit", "3")
    ordered = in_order(rows, lambda row: row["validation_loss"], False)
    assert shown == ordered[:3] and said.startswith("3 of 8 shown; the next with "), (shown, said)
    token = re.search(r"--page-token (\S+),", said).group(1)
    rest, said = drawn("--sort", "loss", "--limit", "0", "--page-token", token)
    assert rest == ordered[3:] and "these are the last" in said, (rest, said)


def main():
    running = farm.Farm("listings")
    running.start_coordinator()
    workers = [running.start_worker(f"w{i}", threads=1) for i in (1, 2)]
    running.wait_for_workers(("w1", "w2"))
    for name, text in (("searched", SEARCHED), ("diverging", DIVERGING)):
        path = os.path.join(running.folder, name + ".textproto")
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        running.client("sweep", "submit", path)
        running.watch(name)
    # So that nothing changes between two listings.
    for worker in workers:
        assert farm.terminate(worker) == 0
    rows = {listing: check_formats(running, listing) for listing in LISTINGS}
    for listing, shown in rows.items():
        if "logs" not in listing:
            check_columns(running, listing, shown)
    events = check_formats(running, ("logs", rows[("jobs", "list", "--limit", "0")][0]["name"]))
    assert [row["number"] for row in events] == list(range(len(events))), events
    assert [events[0]["kind"], events[-1]["kind"]] == ["created", "ended"], events
    for listing in EMPTY:
        check_empty(running, listing)
    networks = rows[("networks", "list", "searched", "--limit", "0")]
    assert len(networks) == 8 and len(rows[("sweep", "draws", "searched")]) == 8, rows
    assert [row["jobs"] for row in rows[("logs", "--failed")]] == [2], rows
    assert {row["name"] for row in rows[("workers", "list")]} >= {"w1", "w2"}, rows
    check_sweeps(running, rows[("sweep", "list")])
    check_workers(running, rows[("workers", "list")])
    check_draws(running, rows[("sweep", "draws", "searched")])
    check_networks(running, networks)
    diverged = rows[("networks", "list", "diverging", "--limit", "0")]
    out, _ = printed(running, "networks", "list", "diverging", "--where", "diverged_at>0", "-o",
                     "name")
    assert out.splitlines() == [row["key"] for row in diverged if row["diverged_at"]] != [], out
    check_jobs(running, rows[("jobs", "list", "--limit", "0")], networks)
    running.passed = True
    running.close()


if __name__ == "__main__":
    sys.exit(main())

"""A coordinator whose disk is full: it reads on, refuses what would write, and goes on by itself.

The disk is a small tmpfs in a mount namespace of this test's own. Where none can be mounted the
test is skipped.
"""

import atexit
import ctypes
import errno
import json
import os
import socket
import sys
import urllib.error
import urllib.request

import farm

CLONE_NEWNS = 0x00020000
MS_REC, MS_PRIVATE = 0x4000, 0x40000
MNT_DETACH = 2
SKIPPED = 77
DISK_MB = 16
SWEEP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sweeps", "three_tasks.textproto")


def mount_small_disk(path):
    """A tmpfs that only this process and its children see; why not, if it cannot be mounted."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) != 0:
        return "no mount namespace: " + os.strerror(ctypes.get_errno())
    if libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None) != 0:
        return "mounts stay shared: " + os.strerror(ctypes.get_errno())
    os.makedirs(path)
    if libc.mount(b"tmpfs", path.encode(), b"tmpfs", 0, f"size={DISK_MB}m".encode()) != 0:
        return "no tmpfs: " + os.strerror(ctypes.get_errno())
    # Before the farm's folder, in which it lies, is removed.
    atexit.register(lambda: libc.umount2(path.encode(), MNT_DETACH))
    return None


def free_bytes(path):
    disk = os.statvfs(path)
    return disk.f_bavail * disk.f_frsize


def fill(path, leave_bytes):
    """Takes the disk's space but for so much."""
    ballast = os.path.join(path, "ballast")
    try:
        with open(ballast, "ab", buffering=0) as file:
            while (rest := free_bytes(path) - leave_bytes) > 0:
                file.write(b"\0" * min(1 << 20, rest))
    except OSError as error:
        # The coordinator took the last of it meanwhile.
        assert error.errno == errno.ENOSPC, error
    return ballast


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def health(port):
    """Code and text of /healthz."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def submit(running, name):
    return running.client("sweep", "submit", SWEEP, "--set", f"name={name}", check=False)


def sweeps(running):
    return sorted(row["name"].split("/")[-1] for row in running.rows("sweep"))


def check_submissions_below_floor(running, disk):
    """With little space left new sweeps are refused before a write fails."""
    ballast = fill(disk, 200 << 10)
    refused = submit(running, "refused")
    assert refused.returncode == 1, refused
    assert "bytes free" in refused.stderr and "floor" in refused.stderr, refused.stderr
    os.remove(ballast)
    assert submit(running, "second").returncode == 0


def check_full(running, disk, http):
    """No byte left: commits fail, reads go on, and space heals it without a restart."""
    acknowledged = sweeps(running)
    assert health(http)[0] == 200, health(http)
    ballast = fill(disk, 0)
    pid = running.coordinator.pid
    for i in range(200):
        done = submit(running, f"full-{i}")
        if done.returncode != 0:
            break
        acknowledged.append(f"full-{i}")
    assert done.returncode == 1, "a full disk took every sweep"
    assert "free some space" in done.stderr, done.stderr
    assert running.coordinator.poll() is None, "the coordinator ended"
    assert sweeps(running) == sorted(acknowledged), "reads go on, and show what was acknowledged"
    again = submit(running, "while-full")
    assert again.returncode == 1, again
    code, why = health(http)
    assert code == 503 and "free some space" in why, (code, why)
    os.remove(ballast)
    farm.wait_until(lambda: submit(running, "afterwards").returncode == 0,
                    "it writes again once there is space")
    assert health(http)[0] == 200, health(http)
    assert running.coordinator.pid == pid and running.coordinator.poll() is None
    return acknowledged + ["afterwards"]


def check_nothing_lost(running, acknowledged):
    assert farm.terminate(running.coordinator) == 0
    checked = running.client("store", "check", running.store, "-o", "jsonl")
    assert json.loads(checked.stdout)["problems"] == 0, checked
    running.start_coordinator("--free-space-floor-mb=0")
    # A sweep whose refusal was told may be there: its write can have reached the disk.
    missing = set(acknowledged) - set(sweeps(running))
    assert not missing, f"acknowledged and lost: {missing}"


def check_backup(running, disk):
    assert farm.terminate(running.coordinator) == 0
    backups, restored = (os.path.join(running.folder, name) for name in ("backups", "restored"))
    running.client("store", "backup", running.store, backups)
    running.client("store", "restore", backups, restored)
    running.client("store", "check", restored)
    assert running.client("store", "restore", backups, restored, check=False).returncode == 1
    for absent in (("check", disk + "/absent"), ("backup", disk + "/absent", backups),
                   ("restore", disk + "/absent", disk + "/new")):
        assert running.client("store", *absent, check=False).returncode == 3, absent
    database = os.path.join(restored, "db")
    table = next(name for name in os.listdir(database) if name.startswith("MANIFEST"))
    with open(os.path.join(database, table), "r+b") as file:
        file.seek(20)
        byte = file.read(1)
        file.seek(20)
        file.write(bytes([byte[0] ^ 1]))
    damaged = running.client("store", "check", restored, check=False)
    assert damaged.returncode == 1 and table in damaged.stderr, damaged


def main():
    running = farm.Farm("full-disk")
    disk = os.path.join(running.folder, "disk")
    why = mount_small_disk(disk)
    if why:
        print("skipped: " + why)
        running.passed = True
        return SKIPPED
    running.store = os.path.join(disk, "store")
    running.start_coordinator("--free-space-floor-mb=4")
    assert submit(running, "first").returncode == 0
    check_submissions_below_floor(running, disk)
    assert farm.terminate(running.coordinator) == 0
    # Without a floor, so that a write does fail.
    http = free_port()
    running.start_coordinator("--free-space-floor-mb=0", f"--http=127.0.0.1:{http}")
    acknowledged = check_full(running, disk, http)
    check_nothing_lost(running, acknowledged)
    check_backup(running, disk)
    running.passed = True
    return 0


if __name__ == "__main__":
    sys.exit(main())

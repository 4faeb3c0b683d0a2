"""No function is defined by two of the object files of the kernels.

    share_no_code_test.py NM OBJECT…

Each file is compiled for an instruction set of its own, and the linker keeps only one copy of what
several define: a processor without those instructions could then be made to run them.
"""

import collections
import os
import subprocess
import sys

WEAK = "WVu"


def weak_symbols(nm, path):
    lines = subprocess.run([nm, "-C", path], check=True, capture_output=True, text=True).stdout
    for line in lines.splitlines():
        kind, _, name = line[17:].partition(" ")
        if kind in WEAK:
            yield name


def main():
    nm, *objects = sys.argv[1:]
    holders = collections.defaultdict(set)
    for path in objects:
        for name in weak_symbols(nm, path):
            holders[name].add(os.path.basename(path))
    if not any("kernels_portable" in path for path in objects) or not holders:
        sys.exit("the object files of the kernels, or their functions, were not found")
    shared = {name: sorted(where) for name, where in holders.items() if len(where) > 1}
    for name, where in sorted(shared.items()):
        print(f"{name} is in {', '.join(where)}; make it always inline")
    sys.exit(1 if shared else 0)


main()

"""What README.md prints between backticks in running text: each of these is a command that is run,
or something that is there, such as a file, an option or a preset. readme_test.py calls this.

A handler gives nothing, or the reason why something could not be checked on this machine. What no
handler takes fails the test: it is to be added to HANDLERS.
"""

import functools
import glob
import os
import re
import shutil
import subprocess

import commands
import farm

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.dirname(farm.BIN)
CONFIG = "~/.config/rnnfarm/config.textproto"


def text_of(*names):
    with open(os.path.join(ROOT, *names), encoding="utf-8") as file:
        return file.read()


def inline_in(text):
    """Between backticks, outside of fenced blocks; in order, once each, on one line."""
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    assert prose.count("`") % 2 == 0 and "```" not in prose, "a backtick too many"
    return list(dict.fromkeys(" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose)))


def run(*arguments, **options):
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=120,
                          stdin=subprocess.DEVNULL, **options)
    assert done.returncode == 0, (arguments, done.stdout + done.stderr)
    return done.stdout


def run_it(reader, span):
    done = reader.do(span)
    page = re.search(r" --html (\S+)", span)
    if page:
        with open(reader.path(page.group(1)), encoding="utf-8") as file:
            assert file.read().rstrip().endswith("</html>"), span
    if span.endswith("--help"):
        assert "Usage: rnnfarm" in done.stdout, done.stdout
    if span == "rnnfarm compare --help":
        for metric in ("svcca", "cka", "procrustes"):
            assert metric in done.stdout, f"{span} lists the metrics, not {metric}"


def complete(reader, span):
    """In the bash that has read it; completion_test.py presses the tab key."""
    assert "_rnnfarm" in reader.do(span + "; complete -p rnnfarm").stdout, span


def shell(_, span):
    assert "rnnfarm" in commands.run("completion", span).stdout, span


def start_worker(reader, span):
    program, *arguments = span.replace("HOST:7070", reader.running.address).split()
    worker = reader.running.spawn("told", os.path.join(farm.BIN, program), *arguments,
                                  "--name=told", "--threads=1")
    reader.running.wait_for_workers(["told"])
    assert farm.terminate(worker) == 0, reader.running.log("told")


def install(*_):
    assert '["cmake", "--install"' in text_of("tests", "system", "completion_test.py")
    return "completion_test.py runs it into a folder of its own"


def read_manual(reader, span):
    """The page that `cmake --install` writes, where man looks for it."""
    if not shutil.which("man"):
        return "no man here; completion_test.py checks the page"
    folder = reader.path("share", "man")
    os.makedirs(os.path.join(folder, "man1"))
    with open(os.path.join(folder, "man1", "rnnfarm.1"), "w", encoding="utf-8") as file:
        file.write(commands.run("__man").stdout)
    shown = run(*span.split(), env={**os.environ, "MANPATH": folder, "PAGER": "cat",
                                    "MANPAGER": "cat", "LC_ALL": "C.UTF-8"})
    assert "RNNFARM(1)" in shown and "--coordinator" in shown, shown
    return None


@functools.lru_cache(maxsize=None)
def presets():
    """Names by kind: configure, build, test."""
    listed = run("cmake", "--list-presets=all", cwd=ROOT)
    kinds = re.findall(r"Available (\w+) presets:\n\n((?: +\".*\n?)+)", listed)
    return {kind: re.findall(r'^ +"([^"]+)"', names, re.MULTILINE) for kind, names in kinds}


def find_presets(_, span):
    """Of every command of the line; this very tree was built so."""
    if not shutil.which("cmake"):
        return "no cmake here"
    for command in span.split(" && "):
        found = re.match(r"(cmake --build|cmake|ctest) --preset (\S+)", command)
        assert found, f"README.md: `{command}` names no preset"
        kind = {"cmake": "configure", "cmake --build": "build", "ctest": "test"}[found.group(1)]
        assert found.group(2) in presets()[kind], (command, presets())
        for option in re.findall(r" (-D\S+)", command):
            find_variable(None, option)
    return None


def find_preset(_, span):
    """A preset by its name alone: it configures and builds, and tests unless it is without them."""
    if not shutil.which("cmake"):
        return "no cmake here"
    for kind in ("configure", "build") + (() if span == "engine-only" else ("test",)):
        assert span in presets()[kind], (span, kind, presets())
    return None


def find_variable(_, span):
    """-DNAME=VALUE of ours or of CMake's."""
    name = re.match(r"-D(\w+)=", span).group(1)
    files = [os.path.join(ROOT, "CMakeLists.txt"), *glob.glob(os.path.join(ROOT, "cmake", "*"))]
    for path in files:
        with open(path, encoding="utf-8") as file:
            # To be set by whoever builds.
            if re.search(rf"\b(option\({name}\b|set\({name}\b.* CACHE )", file.read()):
                return
    assert name.startswith("CMAKE_"), f"{span}: no CMake file has {name}"


def select_tests(_, span):
    if not os.path.exists(os.path.join(BUILD, "CTestTestfile.cmake")):
        return f"{BUILD} has no tests of CTest's"
    listed = run(*span.split(), "--test-dir", BUILD, "-N")
    assert re.search(r"Total Tests: [1-9]", listed), f"{span} selects nothing:\n{listed}"
    return None


def usage_of(program):
    """What it prints where it cannot understand its arguments, or None where it was not built."""
    path = os.path.join(farm.BIN, program)
    if not os.path.exists(path):
        return None
    done = subprocess.run([path, "--help"], capture_output=True, text=True, timeout=60)
    return done.stdout + done.stderr


def run_bench(_, span):
    usage = usage_of(span)
    if usage is None:
        return f"{span} was not built"
    assert f"usage: {span}" in usage, usage
    return None


@functools.lru_cache(maxsize=None)
def helps():
    """Of all programs that take options."""
    texts = [commands.help_of(command) for command in commands.all_commands()]
    return [text for text in (*texts, usage_of("rnnfarm-worker"), usage_of("bench_train")) if text]


def find_option(_, span):
    """Of one of the programs."""
    option, value = re.match(r"(--[\w-]+)(?:[= ](\S+))?$", span).groups()
    with_it = [text for text in helps() if re.search(rf"(?<![\w-]){option}(?![\w-])", text)]
    if not with_it and usage_of("bench_train") is None:
        return "bench_train was not built"
    assert with_it, f"README.md: no program has the option {option}"
    for word in value.split(",") if value else []:
        assert any(re.search(rf"\b{re.escape(word)}\b", text) for text in with_it), \
            f"README.md: {option} takes no {word}"
    return None


def fuzz(*_):
    """The script is there, and the targets are those that are listed; every preset runs them."""
    script = os.path.join(ROOT, "tests", "fuzz", "run")
    assert os.access(script, os.X_OK)
    run("sh", "-n", script)
    there = {os.path.basename(path)[:-len("_fuzz.cc")]
             for path in glob.glob(os.path.join(ROOT, "tests", "fuzz", "*_fuzz.cc"))}
    told = set(re.findall(r"^\| `(\w+)` \|", text_of("tests", "fuzz", "README.md"), re.MULTILINE))
    assert there and there == told, (there, told)
    return "needs clang and minutes; the same targets are tests of every preset"


def validate_part(reader, span):
    """Of a sweep file."""
    if ":" not in span:
        return "its fields without values"
    with open(reader.path("my.textproto"), encoding="utf-8") as file:
        text = file.read()
    with open(reader.path("with-part.textproto"), "w", encoding="utf-8") as file:
        file.write(f"{text}\n{span}\n")
    reader.do("rnnfarm sweep validate with-part.textproto")
    return None


def find_file(reader, span):
    """Of the repository, or of the results that `rnnfarm run` left."""
    results = reader.path("results", "my")
    if span == CONFIG:
        assert span in commands.run("--help").stdout
    elif span.startswith("results/"):
        assert os.path.isdir(reader.path(span)), span
    elif "/" in span:
        assert glob.glob(os.path.join(ROOT, span.replace("NAME", "*"))), span
    elif span.startswith("."):
        assert any(path.endswith(span) for path in farm.files_under(results)), span
    elif not os.path.exists(os.path.join(results, span)):
        assert re.search(rf"^ +{re.escape(span)} ", text_of("docs", "files.md"), re.MULTILINE), \
            f"README.md: {span} is nowhere"
        return "not of this sweep; docs/files.md says of which"
    return None


HANDLERS = [
    (r"rnnfarm .*", run_it),
    (r"source <\(rnnfarm completion bash\)", complete),
    (r"rnnfarm-worker .*", start_worker),
    (r"cmake --install .*", install),
    (r"man .*", read_manual),
    (r"(cmake|ctest) --preset .*", find_presets),
    (r"ctest -L .*", select_tests),
    (r"bench_\w+", run_bench),
    (r"tests/fuzz/run NAME \[SECONDS\]", fuzz),
    (r"import \{.*\}", validate_part),
    (r"-D\w+=\S*", find_variable),
    (r"--[\w-]+([= ]\S+)?", find_option),
    (r"release|dev|asan|tsan|fuzz|engine-only", find_preset),
    (r"zsh|fish", shell),
    (r"nvcc", lambda *_: "a compiler of others"),
    (r"[\w~.-]*[./][\w~./-]*", find_file),
]


def check(reader, text):
    """Prints what could not be checked, and how many there are."""
    spans = inline_in(text)
    assert len(spans) > 30, spans
    done = 0
    for span in spans:
        handler = next((handler for pattern, handler in HANDLERS if re.fullmatch(pattern, span)),
                       None)
        assert handler, f"README.md: nothing checks `{span}`; see readme_inline.py"
        reason = handler(reader, span)
        done += not reason
        if reason:
            print(f"not checked: `{span}`: {reason}")
    print(f"{done} of {len(spans)} between backticks checked")

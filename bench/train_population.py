"""PyTorch's or JAX's side of bench_train --packs: a server on standard input and output.

    train_population.py LIBRARY DEVICE PRECISION PACE
        LIBRARY torch or jax; DEVICE cuda or cpu; PRECISION fp32, tf32 or bf16, of the products;
        PACE quick (nothing that compiles for long) or full

    forms                              -> NAME=WHY;NAME=WHY…, WHY it is absent, or empty
    peak PRECISION                     -> operations a second of a large product, or "none"
    check FORM CELL ACTIVATION UNITS FILE
                                       -> the loss of each iteration on the trials of FILE, or
                                          "incomparable"
    prepare FORM CELL ACTIVATION UNITS PACK
                                       -> seconds an iteration and network, and how it runs
    time COUNT                         -> the same of what was prepared, mean of COUNT iterations
    release                            -> "released": the memory of what was prepared is free

Answers are one line; "memory" says that the device's is too small. An iteration is: trials, drawn
anew on the device, forward, loss, backward, clipping each network's gradient by its norm and a step
of momentum with each network's own learning rate. The first line says which library it is, or "none"
and why.
"""

import os
import sys

# Answers go to the pipe alone; whatever libraries print goes to standard error.
ANSWERS = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)


def answer(library, request, *rest):
    if request == "forms":
        return ";".join(f"{name}={why}" for name, why in library.forms().items())
    if request == "peak":
        peak = library.peak(rest[0])
        return "none" if peak is None else f"{peak:.9g}"
    if request == "check":
        form, cell, activation, units, path = rest
        losses = library.losses(form, cell, activation, int(units), path)
        return "incomparable" if losses is None else " ".join(f"{loss:.9g}" for loss in losses)
    if request == "prepare":
        form, cell, activation, units, pack = rest
        seconds, how = library.prepare(form, cell, activation, int(units), int(pack))
        return f"{seconds:.9g} {how}"
    if request == "time":
        return f"{library.seconds(int(rest[0])):.9g}"
    if request == "release":
        library.release()
        return "released"
    raise ValueError(f"unknown request {request}")


def one_line(error):
    return f"{type(error).__name__}: {error}".replace("\n", " ").replace(";", ",")[:300]


def main():
    name, device, precision, pace = sys.argv[1:]
    try:
        if name == "jax":
            from population_jax import Library
        else:
            from population_torch import Library
        library = Library(device, precision, pace == "quick")
    except (ImportError, RuntimeError) as error:
        print("none", one_line(error), file=ANSWERS)
        return
    print(library.version, file=ANSWERS)
    for line in sys.stdin:
        try:
            print(answer(library, *line.split()), file=ANSWERS)
        except Exception as error:
            print("memory" if library.lacks_memory(error) else f"error {one_line(error)}", file=ANSWERS)


main()

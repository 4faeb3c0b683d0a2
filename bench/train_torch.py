"""PyTorch's side of bench_train: a server on standard input and output, one line each way.

    prepare VARIANT CELL ACTIVATION UNITS     -> seconds an iteration and how the loop runs
    time VARIANT CELL ACTIVATION UNITS COUNT  -> seconds an iteration and network, mean of COUNT
    check VARIANT CELL ACTIVATION UNITS FILE  -> the loss of each iteration on the trials of FILE,
                                                 or "incomparable"

VARIANT nn: one network as torch.nn.RNN, GRU or LSTM; where torch.nn lacks the cell (UGRNN, leaky,
relu in GRU and LSTM) a loop over the steps. VARIANT bmm: 16 networks in one such loop, each product
one batched one. An iteration is forward, loss, backward, clipping and a step of momentum, on trials
that were generated beforehand. The first line says which PyTorch it is, or that there is none.
"""

import os
import sys
import time

# Answers go to the pipe alone; whatever libraries print goes to standard error.
ANSWERS = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)

try:
    import numpy as np
    import torch

    from torch_networks import LEARNING_RATE, MOMENTUM, LibraryNetwork
    from torch_networks import LoopNetwork, has_library
except ImportError as error:
    print(f"none {error}", file=ANSWERS)
    sys.exit(0)

NETWORKS = 16  # of the variant bmm
BATCHES = 4  # generated beforehand and cycled through: PyTorch pays nothing for its trials


class Training:
    def __init__(self, variant, cell, activation, units):
        if variant == "nn" and has_library(cell, activation):
            self.network = LibraryNetwork(cell, activation, units)
        else:
            lead = (NETWORKS,) if variant == "bmm" else ()
            self.network = LoopNetwork(cell, activation, units, lead)
        self.networks = NETWORKS if variant == "bmm" else 1
        self.optimizer = torch.optim.SGD(
            self.network.parameters, LEARNING_RATE, momentum=MOMENTUM, foreach=True
        )
        self.batches = [self.network.trials() for _ in range(BATCHES)]
        self.mode = "nn"

    def iterate(self, x, y):
        loss = self.network.loss(x, y)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.network.clip()
        self.optimizer.step()
        return loss.detach()

    def seconds(self, count):
        """An iteration's: the mean of `count`, behind a first one if they are more than two."""
        marks = [time.perf_counter()]
        for i in range(count + (count > 2)):
            self.iterate(*self.batches[i % BATCHES])
            marks.append(time.perf_counter())
        return (marks[-1] - marks[-1 - count]) / count

    def prepare(self):
        """Warms up; keeps the faster of the loop as it is and the loop under torch.jit.script."""
        self.seconds(1)
        estimate = self.seconds(2)
        if not isinstance(self.network, LoopNetwork):
            return estimate
        eager = self.network.loop
        self.network.loop = torch.jit.script(eager)
        self.seconds(2)  # the first calls profile and compile
        scripted = self.seconds(2)
        self.mode = "script" if scripted < estimate else "eager"
        if self.mode == "eager":
            self.network.loop = eager
        return min(estimate, scripted)

    def losses(self, path):
        arrays = {name: torch.from_numpy(array) for name, array in np.load(path).items()}
        self.network.load(arrays)
        pairs = zip(arrays["x"], arrays["y"])  # (B, T, channels) an iteration
        losses = []
        for x, y in pairs:
            step_major = x.transpose(0, 1).contiguous(), y.transpose(0, 1).contiguous()
            losses.append(self.iterate(*self.network.given_trials(*step_major)).item())
        return losses


class Server:
    def __init__(self):
        self.case, self.prepared = None, {}

    def answer(self, request, variant, cell, activation, units, *rest):
        case = (cell, activation, int(units))
        if case != self.case:  # one case's networks at a time
            self.case, self.prepared = case, {}
        if request == "check":
            training = Training(variant, *case)
            if not training.network.comparable:
                return "incomparable"
            return " ".join(f"{loss:.9g}" for loss in training.losses(rest[0]))
        if request == "prepare":
            training = self.prepared[variant] = Training(variant, *case)
            return f"{training.prepare() / training.networks:.9g} {training.mode}"
        if request == "time":
            training = self.prepared[variant]
            return f"{training.seconds(int(rest[0])) / training.networks:.9g}"
        raise ValueError(f"unknown request {request}")


def main():
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    torch.manual_seed(1)
    print(f"PyTorch {torch.__version__}", file=ANSWERS)
    server = Server()
    for line in sys.stdin:
        try:
            print(server.answer(*line.split()), file=ANSWERS)
        except Exception as error:
            print("error", str(error).replace("\n", " "), file=ANSWERS)


main()

"""PyTorch as train_population.py asks it."""

import gc
import time

import numpy as np
import torch

from torch_networks import BATCH, CHANNELS, LEARNING_RATE, STEPS
from torch_packs import Batched, Graph, Loop, Place

PEAK_SIDE = {"cuda": 8192, "cpu": 1024}
PEAK_PRODUCTS = 8
# Of the state of every step, about: gates, their inputs and gradients (for what the CPU can hold).
KEPT = {"vanilla": 6, "leaky": 7, "ugrnn": 12, "gru": 18, "lstm": 22}


class Library:
    def __init__(self, device, precision, quick):
        self.place, self.quick, self.training = Place(device, precision), quick, None
        self.version = f"PyTorch {torch.__version__}"
        self.threads = torch.get_num_threads()
        if device == "cuda":
            if not torch.cuda.is_available():
                raise RuntimeError(f"{self.version} has no CUDA device")
            self.version += f" on {torch.cuda.get_device_name()}"
        torch.manual_seed(1)
        self.why_not_compiled = ""  # where it was tried
        if quick:
            self.why_not_compiled = "--quick waits for no compiler"
        elif not hasattr(torch, "compile"):
            self.why_not_compiled = f"PyTorch {torch.__version__} has no torch.compile"

    def forms(self):
        absent = self.why_not_compiled
        if absent and self.place.device == "cuda":
            absent = ""
        elif absent:
            absent += " and there is no CUDA graph without a GPU"
        return {"loop": "", "bmm": "", "graph": absent}

    def lacks_memory(self, error):
        while error is not None:
            if isinstance(error, MemoryError) or "out of memory" in str(error):
                return True
            error = error.__cause__ or error.__context__
        return False

    def peak(self, precision):
        """Of a product of two square matrices; none in a precision that the CPU has no units for."""
        device = self.place.device
        if device != "cuda" and precision != "fp32":
            return None
        torch.set_num_threads(self.threads)
        before = torch.backends.cuda.matmul.allow_tf32
        torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
        side = PEAK_SIDE[device]
        kind = torch.bfloat16 if precision == "bf16" else torch.float32
        a, b, c = (torch.randn(side, side, device=device).to(kind) for _ in range(3))
        best = 0
        for _ in range(4):  # the first one warms up
            begin = self.now()
            for _ in range(PEAK_PRODUCTS):
                torch.mm(a, b, out=c)
            best = max(best, PEAK_PRODUCTS * 2 * side**3 / (self.now() - begin))
        torch.backends.cuda.matmul.allow_tf32 = before
        del a, b, c
        self.release()
        return best

    def make(self, form, cell, activation, units, rates, given=None):
        case = (cell, activation, units, rates, self.place)
        # On the CPU one network, or the two of a check, is trained faster by one thread.
        torch.set_num_threads(self.threads if form != "loop" and len(rates) > 2 else 1)
        if form == "loop":
            return Loop(*case)
        if form == "bmm":
            return Batched(*case)
        if not self.why_not_compiled:
            try:
                graph = Graph(*case, compiled=True, given=given)
                graph.iterate(given)
                return graph
            except Exception as error:
                if self.place.device != "cuda" or self.lacks_memory(error):
                    raise
                self.why_not_compiled = f"torch.compile failed: {type(error).__name__}"
            self.release()
        return Graph(*case, compiled=False, given=given)

    def losses(self, form, cell, activation, units, path):
        device, rates = self.place.device, [LEARNING_RATE] * 2
        arrays = {k: torch.from_numpy(v).to(device) for k, v in np.load(path).items()}
        given = None
        if form == "graph":
            shape = (len(rates), STEPS * BATCH, CHANNELS)
            given = tuple(torch.zeros(shape, device=device) for _ in range(2))
        training = self.make(form, cell, activation, units, rates, given)
        if not training.comparable:
            return None
        training.load(arrays)
        losses = []
        for x, y in zip(arrays["x"], arrays["y"]):  # (B, T, channels) an iteration
            step_major = x.transpose(0, 1).contiguous(), y.transpose(0, 1).contiguous()
            losses.append(training.iterate(training.given(*step_major)).item())
        return losses

    def prepare(self, form, cell, activation, units, pack):
        self.release()
        if self.place.device == "cpu" and form != "loop":
            require_memory(4 * pack * STEPS * BATCH * units * KEPT[cell])
        rates = [LEARNING_RATE / (1 + i % 10) for i in range(pack)]
        self.training = self.make(form, cell, activation, units, rates)
        self.training.iterate()
        how = self.training.how
        if form == "graph" and self.why_not_compiled:
            how += f" ({self.why_not_compiled})"
        return self.seconds(1), how

    def seconds(self, count):
        """An iteration's and network's, mean of `count` iterations."""
        begin = self.now()
        for _ in range(count):
            loss = self.training.iterate()
        seconds = (self.now() - begin) / count
        if not torch.isfinite(loss):
            raise RuntimeError("training diverged")
        return seconds / self.training.count

    def now(self):
        if self.place.device == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter()

    def release(self):
        self.training = None
        gc.collect()
        if self.place.device == "cuda":
            torch.cuda.empty_cache()


def require_memory(needed):
    """The CPU's: where it is too small, the system ends a process rather than refuse."""
    with open("/proc/meminfo") as lines:
        available = {line.split()[0]: 1024 * int(line.split()[1]) for line in lines}
    if needed > 0.8 * available["MemAvailable:"]:
        raise MemoryError(f"{needed} bytes")

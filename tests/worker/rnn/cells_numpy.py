"""The equations of docs/science.md (Cells) in NumPy, against states that the program computed.

  cells_numpy.py NETWORK.npz RUN.npz TOLERANCE

RUN.npz holds x (T, B, M), states (T + 1, B, S) and y (T + 1, B, K). Exit code 1 and one line if
they differ; a network that says it equals PyTorch's is loaded into torch.nn as well.
"""

import json
import sys

import numpy as np

network = np.load(sys.argv[1], allow_pickle=False)
run = np.load(sys.argv[2], allow_pickle=False)
tolerance = float(sys.argv[3])
meta = json.loads(str(network["meta"]))
architecture, n = meta["architecture"], meta["units"]
b_fg, alpha = meta["gate_bias"], meta["alpha"]
A = network["weight_ih_l0"].astype(np.float64)
W = network["weight_hh_l0"].astype(np.float64)
b = network["bias_ih_l0"].astype(np.float64)


def sigma(z):
    return 1 / (1 + np.exp(-z))


def f(z):
    return np.tanh(z) if meta["activation"] == "tanh" else np.maximum(z, 0)


def gate(k):
    rows = slice(k * n, (k + 1) * n)
    return W[rows], A[rows], b[rows]


def one_step(s, x):
    h = s[:n]
    if architecture == "vanilla":
        return f(W @ h + A @ x + b)
    if architecture == "leaky":
        return (1 - alpha) * h + alpha * f(W @ h + A @ x + b)
    if architecture == "ugrnn":
        (Wg, Ag, bg), (Wc, Ac, bc) = gate(0), gate(1)
        g = sigma(Wg @ h + Ag @ x + bg + b_fg)
        c = f(Wc @ h + Ac @ x + bc)
        return g * h + (1 - g) * c
    if architecture == "gru":
        (Wu, Au, bu), (Wr, Ar, br), (Wc, Ac, bc) = gate(0), gate(1), gate(2)
        u = sigma(Wu @ h + Au @ x + bu + b_fg)
        r = sigma(Wr @ h + Ar @ x + br)
        c = f(Wc @ (r * h) + Ac @ x + bc)
        return u * h + (1 - u) * c
    (Wi, Ai, bi), (Wf, Af, bf), (Wg, Ag, bg), (Wo, Ao, bo) = map(gate, range(4))
    c = s[n:]
    I = sigma(Wi @ h + Ai @ x + bi)
    F = sigma(Wf @ h + Af @ x + bf + b_fg)
    G = f(Wg @ h + Ag @ x + bg)
    O = sigma(Wo @ h + Ao @ x + bo)
    c = F * c + I * G
    return np.concatenate([O * f(c), c])


def check(what, ours, theirs):
    error = np.max(np.abs(ours - theirs))
    if not error <= tolerance:
        sys.exit(f"{architecture} {meta['activation']}: {what} differ by {error}")


x = run["x"].astype(np.float64)
states = np.empty(run["states"].shape)
states[0] = network["initial_state"]
for t in range(len(x)):
    for k in range(x.shape[1]):
        states[t + 1, k] = one_step(states[t, k], x[t, k])
check("states", states, run["states"])
y = states[..., :n] @ network["readout.weight"].astype(np.float64).T + network["readout.bias"]
check("readouts", y, run["y"])

if meta["pytorch_equivalent"]:
    import torch

    if architecture == "lstm":
        module = torch.nn.LSTM(meta["inputs"], n)
    else:
        module = torch.nn.RNN(meta["inputs"], n, nonlinearity=meta["activation"])
    names = ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"]
    module.load_state_dict({name: torch.from_numpy(network[name]) for name in names})
    module.double()
    start = torch.from_numpy(np.ascontiguousarray(states[:1]))
    with torch.no_grad():
        first = (start[..., :n].contiguous(), start[..., n:].contiguous())
        out, _ = module(torch.from_numpy(x), first if architecture == "lstm" else start)
    check("states of torch.nn", out.numpy(), run["states"][1:, :, :n])

"""The cells of rnnfarm in NumPy: from the weights of a pulled network to its states.

    net = load("flipflop/networks/KEY.npz")
    states = run(net, inputs)   # inputs: trials x time x channels; states: trials x time x units
    outputs = readout(net, states)

The states are those after each step, as in <task>/states/. The LSTM's state is [h, c]; run gives h.
The GRU resets before the product with its weights, unlike torch.nn.GRU.
"""
import numpy as np


def load(path):
    """The arrays of a network's .npz by name."""
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def sigmoid(z):
    return 0.5 * (1 + np.tanh(0.5 * z))  # overflows nowhere


def step(net, state, x, noise=0.0):
    """The next state (trials x S) from the state and one step's inputs (trials x channels).

    noise: added inside f of the leaky cell, as in training; networks are analysed without.
    """
    architecture, n = str(net["architecture"]), int(net["units"])
    h, c = state[:, :n], state[:, n:]
    f = np.tanh if str(net["activation"]) == "tanh" else lambda z: np.maximum(z, 0)
    bias = net["bias_ih_l0"].astype(float) + net["bias_hh_l0"]  # the latter: b_fg of its gate
    from_input = x @ net["weight_ih_l0"].T.astype(float) + bias

    def gate(k, h):  # rows of gates lie one below the other
        rows = slice(k * n, (k + 1) * n)
        return from_input[:, rows] + h @ net["weight_hh_l0"][rows].T.astype(float)

    if architecture == "vanilla":
        return f(gate(0, h))
    if architecture == "leaky":
        alpha = float(net["alpha"])
        return (1 - alpha) * h + alpha * f(gate(0, h) + noise)
    if architecture == "ugrnn":
        g = sigmoid(gate(0, h))
        return g * h + (1 - g) * f(gate(1, h))
    if architecture == "gru":
        u, r = sigmoid(gate(0, h)), sigmoid(gate(1, h))
        return u * h + (1 - u) * f(gate(2, r * h))
    i, forget, g, o = (gate(k, h) for k in range(4))
    c = sigmoid(forget) * c + sigmoid(i) * f(g)
    return np.concatenate([sigmoid(o) * f(c), c], axis=1)


def run(net, inputs):
    """States h after each step, trials x time x units, from the network's initial state."""
    n = int(net["units"])
    state = np.repeat(net["initial_state"][None].astype(float), len(inputs), axis=0)
    states = np.empty(inputs.shape[:2] + (n,))
    for t in range(inputs.shape[1]):
        state = step(net, state, inputs[:, t])
        states[:, t] = state[:, :n]
    return states


def readout(net, states):
    return states @ net["readout.weight"].T.astype(float) + net["readout.bias"]

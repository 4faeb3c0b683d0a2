"""Networks in PyTorch as bench_train holds them against ours: torch.nn's, and loops over the steps."""

from typing import List

import torch
from torch import Tensor, nn

BATCH, STEPS, CHANNELS = 64, 100, 3
FLIP_PROBABILITY = 0.05
LEARNING_RATE, MOMENTUM, CLIP = 0.01, 0.9, 1.0
GATE_BIAS, ALPHA = 1.0, 0.2

# Gates of the products of one step: the GRU's candidate needs the reset gate first.
BLOCKS = {"vanilla": [1], "leaky": [1], "ugrnn": [2], "gru": [2, 1], "lstm": [4]}
LIBRARY = {"vanilla": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


# The loops. z: for each block the input's part of every step, (B, G N) or (networks, B, G N);
# state: [h] or [h, c]; w: for each block (N, G N) or (networks, N, G N). They return h of all steps.


def activate(z: Tensor, relu: bool) -> Tensor:
    return torch.relu(z) if relu else torch.tanh(z)


def product(z: Tensor, h: Tensor, w: Tensor) -> Tensor:
    return torch.addmm(z, h, w) if z.dim() == 2 else torch.baddbmm(z, h, w)


def vanilla(
    z: List[List[Tensor]], state: List[Tensor], w: List[Tensor], relu: bool
) -> List[Tensor]:
    h = state[0]
    hidden: List[Tensor] = []
    for p in z[0]:
        h = activate(product(p, h, w[0]), relu)
        hidden.append(h)
    return hidden


def leaky(z: List[List[Tensor]], state: List[Tensor], w: List[Tensor], relu: bool) -> List[Tensor]:
    h = state[0]
    hidden: List[Tensor] = []
    for p in z[0]:
        h = torch.lerp(h, activate(product(p, h, w[0]), relu), 0.2)
        hidden.append(h)
    return hidden


def ugrnn(z: List[List[Tensor]], state: List[Tensor], w: List[Tensor], relu: bool) -> List[Tensor]:
    h = state[0]
    hidden: List[Tensor] = []
    for p in z[0]:
        g, c = product(p, h, w[0]).chunk(2, -1)
        h = torch.lerp(activate(c, relu), h, torch.sigmoid(g))
        hidden.append(h)
    return hidden


def gru(z: List[List[Tensor]], state: List[Tensor], w: List[Tensor], relu: bool) -> List[Tensor]:
    h = state[0]
    hidden: List[Tensor] = []
    for p, q in zip(z[0], z[1]):
        u, r = torch.sigmoid(product(p, h, w[0])).chunk(2, -1)
        c = activate(product(q, r * h, w[1]), relu)
        h = torch.lerp(c, h, u)
        hidden.append(h)
    return hidden


# Gates i, f, o, g: one sigmoid for three.
def lstm(z: List[List[Tensor]], state: List[Tensor], w: List[Tensor], relu: bool) -> List[Tensor]:
    h, c = state[0], state[1]
    n = c.size(-1)
    hidden: List[Tensor] = []
    for p in z[0]:
        sigmoids, g = product(p, h, w[0]).split([3 * n, n], -1)
        i, f, o = torch.sigmoid(sigmoids).chunk(3, -1)
        c = torch.addcmul(f * c, i, activate(g, relu))
        h = o * activate(c, relu)
        hidden.append(h)
    return hidden


LOOPS = {"vanilla": vanilla, "leaky": leaky, "ugrnn": ugrnn, "gru": gru, "lstm": lstm}


def flip_flop(count):
    """x, y: (STEPS, count, CHANNELS), pulses of either sign and the last one of each channel."""
    shape = (STEPS, count, CHANNELS)
    pulse = torch.rand(shape) < FLIP_PROBABILITY
    pulse[0] = True
    x = pulse * (torch.randint(0, 2, shape) * 2.0 - 1)
    steps = torch.arange(STEPS).view(-1, 1, 1)
    last = torch.where(pulse, steps, torch.zeros_like(steps)).cummax(0).values
    return x, x.gather(0, last)


def move(parameters, device):
    for parameter in parameters:
        parameter.data = parameter.data.to(device)


def has_library(cell, activation):
    return cell in LIBRARY and (activation == "tanh" or cell == "vanilla")


class LibraryNetwork:
    """torch.nn's cell, with a trained initial state and one bias, as ours."""

    def __init__(self, cell, activation, units):
        options = {"nonlinearity": activation} if cell == "vanilla" else {}
        self.cell = LIBRARY[cell](CHANNELS, units, **options)
        self.cell.bias_hh_l0.requires_grad_(False)
        with torch.no_grad():
            self.cell.bias_hh_l0.zero_()
            if cell == "lstm":
                self.cell.bias_hh_l0[units : 2 * units] = GATE_BIAS
        self.readout = nn.Linear(units, CHANNELS)
        states = 2 if cell == "lstm" else 1
        self.initial = [nn.Parameter(torch.zeros(1, 1, units)) for _ in range(states)]
        trained = [p for p in self.cell.parameters() if p.requires_grad]
        self.parameters = trained + list(self.readout.parameters()) + self.initial
        self.comparable = cell != "gru"  # torch.nn's resets behind the product

    def to(self, device):
        self.cell.to(device)
        self.readout.to(device)
        move(self.initial, device)

    def trials(self):
        return flip_flop(BATCH)

    def load(self, arrays):
        for name, parameter in (
            ("weight_ih_l0", self.cell.weight_ih_l0),
            ("weight_hh_l0", self.cell.weight_hh_l0),
            ("bias_ih_l0", self.cell.bias_ih_l0),
            ("readout.weight", self.readout.weight),
            ("readout.bias", self.readout.bias),
        ):
            parameter.data.copy_(arrays[name])

    def given_trials(self, x, y):
        return x, y

    def loss(self, x, y):
        # cuDNN takes contiguous states alone.
        state = [s.expand(1, x.size(1), -1).contiguous() for s in self.initial]
        hidden, _ = self.cell(x, tuple(state) if len(state) == 2 else state[0])
        return nn.functional.mse_loss(self.readout(hidden), y)

    def clip(self):
        nn.utils.clip_grad_norm_(self.parameters, CLIP)


class LoopNetwork:
    """One network (lead ()) or a pack of them (lead (pack,)) in a loop over the steps."""

    def __init__(self, cell, activation, units, lead):
        self.name, self.lead, self.units = cell, lead, units
        self.relu = activation == "relu"
        self.loop = LOOPS[cell]
        normal = lambda rows, columns: nn.Parameter(
            torch.randn(*lead, rows, columns) / rows**0.5
        )
        zeros = lambda columns: nn.Parameter(torch.zeros(*lead, 1, columns))
        widths = [gates * units for gates in BLOCKS[cell]]
        self.weight_ih = [normal(CHANNELS, width) for width in widths]
        self.weight_hh = [normal(units, width) for width in widths]
        self.bias = [zeros(width) for width in widths]
        self.readout_weight, self.readout_bias = normal(units, CHANNELS), zeros(CHANNELS)
        self.initial = [zeros(units) for _ in range(2 if cell == "lstm" else 1)]
        self.gate_bias = [torch.zeros(width) for width in widths]
        if cell in ("ugrnn", "gru"):
            self.gate_bias[0][:units] = GATE_BIAS
        elif cell == "lstm":
            self.gate_bias[0][units : 2 * units] = GATE_BIAS
        self.parameters = self.weight_ih + self.weight_hh + self.bias + self.initial
        self.parameters += [self.readout_weight, self.readout_bias]
        self.comparable = True

    def to(self, device):
        move(self.parameters, device)
        self.gate_bias = [constant.to(device) for constant in self.gate_bias]

    def trials(self):
        if not self.lead:
            return self.given_trials(*flip_flop(BATCH))
        drawn = [flip_flop(BATCH) for _ in range(self.lead[0])]
        return tuple(torch.stack(part).flatten(1, 2) for part in zip(*drawn))

    def given_trials(self, x, y):
        flat = (x.reshape(-1, CHANNELS), y.reshape(-1, CHANNELS))
        return tuple(part.expand(*self.lead, *part.shape).contiguous() for part in flat)

    def columns(self, rows):
        """Our rows of gates, (G N, …), as this loop's blocks of columns, (…, G N)."""
        gates = list(rows.split(self.units))
        if self.name == "lstm":
            gates = [gates[i] for i in (0, 1, 3, 2)]
        blocks, first = [], 0
        for count in BLOCKS[self.name]:
            blocks.append(torch.cat(gates[first : first + count]).t())
            first += count
        return blocks

    def load(self, arrays):
        for name, parameters in (
            ("weight_ih_l0", self.weight_ih),
            ("weight_hh_l0", self.weight_hh),
            ("bias_ih_l0", self.bias),
        ):
            rows = arrays[name].reshape(arrays[name].shape[0], -1)
            for parameter, block in zip(parameters, self.columns(rows)):
                parameter.data.copy_(block.expand_as(parameter))
        self.readout_weight.data.copy_(arrays["readout.weight"].t().expand_as(self.readout_weight))
        self.readout_bias.data.copy_(arrays["readout.bias"].expand_as(self.readout_bias))

    def loss(self, x, y):
        """Mean over networks; its gradient is scaled back in clip()."""
        inputs = []
        for weight, bias, constant in zip(self.weight_ih, self.bias, self.gate_bias):
            projected = product(bias + constant, x, weight)
            steps = projected.view(*self.lead, STEPS, BATCH, projected.size(-1))
            inputs.append(list(steps.unbind(len(self.lead))))
        state = [s.expand(*self.lead, BATCH, self.units) for s in self.initial]
        hidden = torch.stack(self.loop(inputs, state, self.weight_hh, self.relu), len(self.lead))
        flat = hidden.view(*self.lead, STEPS * BATCH, self.units)
        y_hat = product(self.readout_bias, flat, self.readout_weight)
        return nn.functional.mse_loss(y_hat, y)

    def clip(self):
        if not self.lead:
            nn.utils.clip_grad_norm_(self.parameters, CLIP)
            return
        gradients = [p.grad for p in self.parameters]
        norms = torch.stack([torch.linalg.vector_norm(g.flatten(1), dim=1) for g in gradients])
        norm = self.lead[0] * torch.linalg.vector_norm(norms, dim=0)
        scale = self.lead[0] * (CLIP / (norm + 1e-6)).clamp(max=1)
        for g in gradients:
            g.mul_(scale.view(-1, 1, 1))

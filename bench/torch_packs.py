"""Packs of networks in PyTorch: a loop over networks, batched products, and those in a CUDA graph."""

import contextlib

import torch

import torch_networks
from torch_networks import BATCH, CHANNELS, FLIP_PROBABILITY, MOMENTUM, STEPS

LOOP_NETWORKS = 16  # at most: each takes the same time, however many there are
WARM_UP = 3


# One step, of one network or a pack. z, state, w as in torch_networks, of one step; returns the
# next state. Under autocast products are bfloat16 and everything else stays float32.


def product(z, h, w):
    return (torch.addmm(z, h, w) if z.dim() == 2 else torch.baddbmm(z, h, w)).float()


def vanilla(z, state, w, act):
    return [act(product(z[0], state[0], w[0]))]


def leaky(z, state, w, act):
    return [torch.lerp(state[0], act(product(z[0], state[0], w[0])), torch_networks.ALPHA)]


def ugrnn(z, state, w, act):
    g, c = product(z[0], state[0], w[0]).chunk(2, -1)
    return [torch.lerp(act(c), state[0], torch.sigmoid(g))]


def gru(z, state, w, act):
    u, r = torch.sigmoid(product(z[0], state[0], w[0])).chunk(2, -1)
    c = act(product(z[1], r * state[0], w[1]))
    return [torch.lerp(c, state[0], u)]


def lstm(z, state, w, act):
    n = state[0].size(-1)
    sigmoids, g = product(z[0], state[0], w[0]).split([3 * n, n], -1)
    i, f, o = torch.sigmoid(sigmoids).chunk(3, -1)
    c = torch.addcmul(f * state[1], i, act(g))
    return [o * act(c), c]


STEP = {"vanilla": vanilla, "leaky": leaky, "ugrnn": ugrnn, "gru": gru, "lstm": lstm}


class Place:
    """Where networks are, and the precision of their products."""

    def __init__(self, device, precision):
        self.device, self.bf16 = device, precision == "bf16"
        tf32 = precision == "tf32"
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32

    def products(self):
        if not self.bf16:
            return contextlib.nullcontext()
        return torch.autocast(self.device, dtype=torch.bfloat16)


class StepNetwork(torch_networks.LoopNetwork):
    """LoopNetwork with a step of its own, which can be compiled."""

    def __init__(self, cell, activation, units, lead):
        super().__init__(cell, activation, units, lead)
        self.step, self.act = STEP[cell], getattr(torch, activation)
        self.loop = self.run

    def run(self, z, state, w, _):
        hidden = []
        for step in zip(*z):
            state = self.step(list(step), state, w, self.act)
            hidden.append(state[0])
        return hidden


def flip_flop(networks, device):
    """x, y: (networks, STEPS, BATCH, CHANNELS). Nothing comes from the host: it can be captured."""
    shape = (networks, STEPS, BATCH, CHANNELS)
    pulse = torch.rand(shape, device=device) < FLIP_PROBABILITY
    pulse[:, :1].fill_(True)
    x = pulse * ((torch.rand(shape, device=device) < 0.5) * 2.0 - 1)
    steps = torch.arange(STEPS, device=device).view(1, -1, 1, 1)
    return x, x.gather(1, (pulse * steps).cummax(1).values)


class Loop:
    """Network after network: torch.nn's where it has the cell, else a loop over the steps."""

    def __init__(self, cell, activation, units, rates, place):
        self.place, self.networks, self.optimizers = place, [], []
        self.library = torch_networks.has_library(cell, activation)
        for rate in rates[:LOOP_NETWORKS]:
            if self.library:
                network = torch_networks.LibraryNetwork(cell, activation, units)
            else:
                network = StepNetwork(cell, activation, units, ())
            network.to(place.device)
            self.networks.append(network)
            self.optimizers.append(
                torch.optim.SGD(network.parameters, rate, momentum=MOMENTUM, foreach=True)
            )
        self.count = len(self.networks)
        self.how = "torch.nn" if self.library else "loop over steps"

    def trials(self):
        x, y = flip_flop(self.count, self.place.device)
        if self.library:
            return x, y
        return x.flatten(1, 2), y.flatten(1, 2)

    def iterate(self, trials=None):
        x, y = trials or self.trials()
        losses = []
        for i, (network, optimizer) in enumerate(zip(self.networks, self.optimizers)):
            with self.place.products():
                loss = network.loss(x[i], y[i])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            network.clip()
            optimizer.step()
            losses.append(loss.detach())
        return torch.stack(losses).mean()

    @property
    def comparable(self):
        return self.networks[0].comparable

    def load(self, arrays):
        for network in self.networks:
            network.load(arrays)

    def given(self, x, y):
        pairs = [network.given_trials(x, y) for network in self.networks]
        return tuple(torch.stack(part) for part in zip(*pairs))


class Batched:
    """The whole pack at once: torch.baddbmm for each product of each step."""

    comparable, how = True, "eager"

    def __init__(self, cell, activation, units, rates, place):
        self.place, self.count = place, len(rates)
        self.network = StepNetwork(cell, activation, units, (self.count,))
        self.network.to(place.device)
        self.rates = torch.tensor(rates, device=place.device).view(-1, 1, 1)
        self.velocity = [torch.zeros_like(p) for p in self.network.parameters]

    def iterate(self, trials=None):
        x, y = trials or (part.flatten(1, 2) for part in flip_flop(self.count, self.place.device))
        parameters = self.network.parameters
        for parameter in parameters:
            parameter.grad = None
        with self.place.products():
            loss = self.network.loss(x, y)
        loss.backward()
        self.network.clip()
        with torch.no_grad():
            torch._foreach_mul_(self.velocity, MOMENTUM)
            torch._foreach_add_(self.velocity, [p.grad for p in parameters])
            for parameter, velocity in zip(parameters, self.velocity):
                parameter.addcmul_(velocity, self.rates, value=-1)
        return loss.detach()

    def load(self, arrays):
        self.network.load(arrays)
        for velocity in self.velocity:
            velocity.zero_()

    def given(self, x, y):
        return self.network.given_trials(x, y)


class Graph(Batched):
    """Batched, its steps compiled and, on a GPU, its whole iteration replayed from a CUDA graph."""

    def __init__(self, cell, activation, units, rates, place, compiled, given=None):
        super().__init__(cell, activation, units, rates, place)
        if compiled:
            torch._dynamo.reset()
            self.network.step = torch.compile(self.network.step, dynamic=False)
        self.inputs, self.graph = given, None
        if place.device != "cuda":
            self.how = "steps under torch.compile"
            return
        self.how = f"{'steps under torch.compile, ' if compiled else ''}iteration in a CUDA graph"
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(WARM_UP):
                super().iterate(given)
        torch.cuda.current_stream().wait_stream(side)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.loss = super().iterate(given)

    def iterate(self, trials=None):
        if self.graph is None:
            return super().iterate(trials)
        if trials is not None:
            for static, part in zip(self.inputs, trials):
                static.copy_(part)
        self.graph.replay()
        return self.loss

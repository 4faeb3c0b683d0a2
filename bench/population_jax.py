"""Packs of networks in JAX: vmap over networks, scan over time, one jit for an iteration."""

import functools
import os
import sys
import time

os.environ["JAX_PLATFORMS"] = "cuda" if "cuda" in sys.argv else "cpu"
# Memory on demand: the engine is timed on the same device.
os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"

import numpy as np

import jax
import jax.numpy as jnp

BATCH, STEPS, CHANNELS = 64, 100, 3
FLIP_PROBABILITY = 0.05
LEARNING_RATE, MOMENTUM, CLIP = 0.01, 0.9, 1.0
GATE_BIAS, ALPHA = 1.0, 0.2
GATES = {"vanilla": 1, "leaky": 1, "ugrnn": 2, "gru": 3, "lstm": 4}
MATMUL = {"fp32": "highest", "tf32": "tensorfloat32", "bf16": "highest"}


def flip_flop(key):
    """x, y: (STEPS, BATCH, CHANNELS)."""
    shape = (STEPS, BATCH, CHANNELS)
    when, sign = jax.random.split(key)
    pulse = jax.random.bernoulli(when, FLIP_PROBABILITY, shape).at[0].set(True)
    x = pulse * jax.random.rademacher(sign, shape, jnp.float32)
    steps = jnp.arange(STEPS).reshape(-1, 1, 1)
    last = jax.lax.cummax(pulse * steps, axis=0)
    return x, jnp.take_along_axis(x, last, axis=0)


def step(cell, act, product, w, state, z):
    """One step of (BATCH, N) states; z: (BATCH, G N), gates in our order; w: (N, G N)."""
    h, n = state[0], state[0].shape[-1]
    if cell == "vanilla":
        return (act(z + product(h, w)),)
    if cell == "leaky":
        return (h + ALPHA * (act(z + product(h, w)) - h),)
    if cell == "ugrnn":
        g, c = jnp.split(z + product(h, w), 2, axis=-1)
        s = jax.nn.sigmoid(g + GATE_BIAS)
        return (s * h + (1 - s) * act(c),)
    if cell == "gru":
        u, r = jnp.split(z[:, : 2 * n] + product(h, w[:, : 2 * n]), 2, axis=-1)
        u, r = jax.nn.sigmoid(u + GATE_BIAS), jax.nn.sigmoid(r)
        c = act(z[:, 2 * n :] + product(r * h, w[:, 2 * n :]))
        return (u * h + (1 - u) * c,)
    i, f, g, o = jnp.split(z + product(h, w), 4, axis=-1)
    c = jax.nn.sigmoid(f + GATE_BIAS) * state[1] + jax.nn.sigmoid(i) * act(g)
    return (jax.nn.sigmoid(o) * act(c), c)


def network_loss(cell, act, product, parameters, x, y):
    """Of one network. Parameters have our names and shapes."""
    w = parameters["weight_hh_l0"].T
    z = product(x, parameters["weight_ih_l0"].T) + parameters["bias_ih_l0"]
    states = jnp.split(parameters["initial_state"], 2 if cell == "lstm" else 1)
    state = tuple(jnp.broadcast_to(s, (BATCH, s.size)) for s in states)

    def advance(state, z):
        state = step(cell, act, product, w, state, z)
        return state, state[0]

    _, hidden = jax.lax.scan(advance, state, z)
    y_hat = product(hidden, parameters["readout.weight"].T) + parameters["readout.bias"]
    return jnp.mean((y_hat - y) ** 2)


def train_network(loss, parameters, velocity, rate, x, y):
    value, gradient = jax.value_and_grad(loss)(parameters, x, y)
    norm = jnp.sqrt(sum(jnp.sum(g * g) for g in jax.tree_util.tree_leaves(gradient)))
    scale = jnp.minimum(CLIP / (norm + 1e-6), 1.0)
    velocity = jax.tree_util.tree_map(lambda v, g: MOMENTUM * v + scale * g, velocity, gradient)
    parameters = jax.tree_util.tree_map(lambda p, v: p - rate * v, parameters, velocity)
    return parameters, velocity, value


def initial(cell, units, pack):
    draw = np.random.default_rng(1)
    normal = lambda rows, columns: draw.standard_normal((pack, rows, columns), np.float32)
    rows = GATES[cell] * units
    return {
        "weight_ih_l0": normal(rows, CHANNELS) / CHANNELS**0.5,
        "weight_hh_l0": normal(rows, units) / units**0.5,
        "bias_ih_l0": np.zeros((pack, rows), np.float32),
        "readout.weight": normal(CHANNELS, units) / units**0.5,
        "readout.bias": np.zeros((pack, CHANNELS), np.float32),
        "initial_state": np.zeros((pack, units * (2 if cell == "lstm" else 1)), np.float32),
    }


class Library:
    def __init__(self, device, precision, quick):
        jax.config.update("jax_default_matmul_precision", MATMUL[precision])
        self.bf16 = precision == "bf16"
        self.version = f"JAX {jax.__version__} on {jax.devices()[0].device_kind}"
        self.release()

    def forms(self):
        return {"jax": ""}

    def lacks_memory(self, error):
        return isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error)

    def peak(self, precision):
        return None

    def product(self, a, b):
        if not self.bf16:
            return jnp.matmul(a, b)
        a, b = a.astype(jnp.bfloat16), b.astype(jnp.bfloat16)
        return jnp.matmul(a, b, preferred_element_type=jnp.float32)

    def train(self, cell, activation):
        """(parameters, velocity, rates, x, y) of a pack -> the first two anew, and the losses."""
        act = jnp.tanh if activation == "tanh" else jax.nn.relu
        loss = functools.partial(network_loss, cell, act, self.product)
        return jax.vmap(functools.partial(train_network, loss))

    def losses(self, form, cell, activation, units, path):
        arrays = dict(np.load(path))
        parameters = {name: jnp.asarray(arrays[name])[None] for name in initial(cell, units, 1)}
        velocity = jax.tree_util.tree_map(jnp.zeros_like, parameters)
        rates, train = jnp.full((1,), LEARNING_RATE), jax.jit(self.train(cell, activation))
        losses = []
        for x, y in zip(arrays["x"], arrays["y"]):  # (B, T, channels) an iteration
            x, y = jnp.asarray(x.swapaxes(0, 1)[None]), jnp.asarray(y.swapaxes(0, 1)[None])
            parameters, velocity, loss = train(parameters, velocity, rates, x, y)
            losses.append(float(loss[0]))
        return losses

    def prepare(self, form, cell, activation, units, pack):
        self.release()
        train = self.train(cell, activation)
        rates = jnp.asarray([LEARNING_RATE / (1 + i % 10) for i in range(pack)])

        def iterate(parameters, velocity, key):
            key, used = jax.random.split(key)
            x, y = jax.vmap(flip_flop)(jax.random.split(used, pack))
            parameters, velocity, losses = train(parameters, velocity, rates, x, y)
            return parameters, velocity, key, losses

        self.iterate, self.pack = jax.jit(iterate, donate_argnums=(0, 1)), pack
        parameters = jax.tree_util.tree_map(jnp.asarray, initial(cell, units, pack))
        velocity = jax.tree_util.tree_map(jnp.zeros_like, parameters)
        self.state = (parameters, velocity, jax.random.PRNGKey(1))
        self.seconds(2)  # compiles
        return self.seconds(1), "vmap, scan, jit"

    def seconds(self, count):
        """An iteration's and network's, mean of `count` iterations."""
        begin = time.perf_counter()
        for _ in range(count):
            *self.state, losses = self.iterate(*self.state)
        jax.block_until_ready((self.state, losses))
        seconds = (time.perf_counter() - begin) / count
        if not bool(jnp.isfinite(losses).all()):
            raise RuntimeError("training diverged")
        return seconds / self.pack

    def release(self):
        self.iterate = self.state = None

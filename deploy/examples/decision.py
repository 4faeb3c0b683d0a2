#!/usr/bin/env python3
"""A task of your own as a data set: perceptual decision making, as neurogym has it, in NumPy.

    python3 deploy/examples/decision.py decision.npz

The network fixates, sees two noisy stimuli and says which one was stronger once the fixation cue
is gone. decision.textproto trains on the file; any program that writes such arrays will do.
"""
import sys

import numpy as np

TRIALS = 2000
FIXATION, STIMULUS, DECISION = 3, 20, 5  # steps of 100 ms
STEPS = FIXATION + STIMULUS + DECISION
NOISE = 0.5  # s.d. of a stimulus in one step
COHERENCES = np.array([0.064, 0.128, 0.256, 0.512])  # half the difference of the two stimuli

rng = np.random.default_rng(0)
side = rng.choice([-1, 1], TRIALS)  # which stimulus is the stronger one
difference = side * rng.choice(COHERENCES, TRIALS)
stimulus = slice(FIXATION, FIXATION + STIMULUS)
decision = slice(FIXATION + STIMULUS, STEPS)

# Channels: the fixation cue and the two stimuli.
inputs = np.zeros((TRIALS, STEPS, 3), np.float32)
inputs[:, : FIXATION + STIMULUS, 0] = 1
for channel, sign in ((1, 1), (2, -1)):
    noise = NOISE * rng.standard_normal((TRIALS, STIMULUS))
    inputs[:, stimulus, channel] = 0.5 + sign * difference[:, None] / 2 + noise

# Channels: fixation and choice.
targets = np.zeros((TRIALS, STEPS, 2), np.float32)
targets[:, : FIXATION + STIMULUS, 0] = 1
targets[:, decision, 1] = side[:, None]

# Weights of the loss; a network needs a step to react to the end of the cue. While it looks, what
# it says about its choice is its own affair.
mask = np.ones((TRIALS, STEPS, 2), np.float32)
mask[:, stimulus, 1] = 0
mask[:, FIXATION + STIMULUS] = 0

# The static inputs at which fixed points are looked for: each stimulus at its strongest, both
# alike, and the decision.
conditions = np.array([[1, 0.5 + d / 2, 0.5 - d / 2] for d in (-0.512, 0, 0.512)] + [[0, 0, 0]])

np.savez(sys.argv[1], inputs=inputs, targets=targets, mask=mask, conditions=conditions)

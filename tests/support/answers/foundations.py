"""Answers to the exercises of foundations; see answering.py."""


# %% RIGHT activation: by selections
def activation(z, kind):
    if kind == "step":
        return (z >= 0).astype(float)
    if kind == "sigmoid":
        positive = z >= 0
        powers = np.exp(np.where(positive, -z, z))
        return np.where(positive, 1 / (1 + powers), powers / (1 + powers))
    if kind == "tanh":
        return np.tanh(z)
    return z * (z > 0)


# %% WRONG activation: a sigmoid that overflows -> test_stable_sigmoid
def activation(z, kind):
    if kind == "step":
        return np.where(z >= 0, 1.0, 0.0)
    if kind == "sigmoid":
        return 1 / (1 + np.exp(-z))
    if kind == "tanh":
        return np.tanh(z)
    return np.maximum(z, 0.0)

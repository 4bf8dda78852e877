"""The ways in which the experiments start a recurrent layer: its recurrent matrix and its biases."""

import numpy as np

from helpers.arrays import FloatArray

#: Name of a layer to how many blocks its parameters have, and to the starts that it has.
BLOCKS = {"RNN": 1, "LSTM": 4, "GRU": 3}
_STARTS = {
    "RNN": ("random", "orthogonal", "identity"),
    "LSTM": ("random", "bias 0", "bias 1", "chrono"),
    "GRU": ("random", "chrono"),
}


def start_recurrence(
    layer: str, start: str, Wh: FloatArray, span: int, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Return the `Wh` and the `b` that a layer starts with.

    Args:
        layer: "RNN", "LSTM" or "GRU".
        start: "random" or "bias 0", the given `Wh` and biases of 0; "orthogonal" and "identity", such a `Wh`; "bias 1",
            the forget gate's biases are 1; "chrono", biases by which the units keep what they hold for 2 to `span`
            steps (Tallec and Ollivier 2018).
        Wh (H, blocks · H): drawn at random.
        span: of the chrono initialisation [steps].
        rng: draws its biases.

    Raises:
        ValueError: there is no such layer, or no such start for it.
    """
    if start not in _STARTS.get(layer, ()):
        raise ValueError(f"There is no {layer} that starts with {start!r} in this experiment.")
    H, b = len(Wh), np.zeros(Wh.shape[1])
    if start == "orthogonal":
        Wh = np.linalg.qr(Wh)[0]
    elif start == "identity":
        Wh = np.eye(H)
    elif start == "bias 1":
        b[:H] = 1
    elif start == "chrono":
        keep = np.log(rng.uniform(1, span - 1, H))
        if layer == "LSTM":  # f keeps, i takes in
            b[:H], b[2 * H : 3 * H] = keep, -keep
        else:  # 1 - z keeps
            b[:H] = -keep
    return Wh, b

"""The exercise of a layer over time whose state is one array, for the RNN and the GRU: its results and its mistakes."""

from collections.abc import Callable

import numpy as np

from helpers.checks.edits import Answer
from helpers.checks.exercise import Exercise, Sizes, Values, mistakes
from helpers.checks.probes import layer_groups, recurrent_layer

_ONCE = {"hs": "(N, T, H)", "state": "(N, H)", "dxs": "(N, T, D)", "dstate": "(N, H)"}

#: As edits of a layer that calls `cell_step_forward` and `cell_step_backward`, of whichever cell.
_MISTAKES = """
dhs[:, step] + dh, → dhs[:, step],
    Nothing comes from the future: backward uses `dhs[:, step]` alone.
    The `h` of a step went two ways: up, and on to the next step. Add the gradients of both.
dhs[:, step] + dh, → dhs[:, step] + dh if step == T - 1 else dh,
    Backward adds `dhs` at the last step only.
    A gradient comes from above at *every* step, not at the last one only.
dhs[:, step] + dh, → dhs[:, step] + dh * (step == T - 1),
    `dstate` is added at the last step, but what each step sends back is dropped.
    The `dh` that comes out of a step belongs to the step before it: it is added to the gradient from above.
self.Wx.grad += dWx → self.Wx.grad[...] = dWx
self.Wh.grad += dWh → self.Wh.grad[...] = dWh
self.b.grad += db → self.b.grad[...] = db
    The gradients are set with `=`: each step overwrites those of the steps after it.
    The same `Wh` was used T times, so its gradient is a sum of T terms: add with `+=`.
self.Wx.grad += dWx → self.Wx.grad = dWx
    The gradients are set with `=`, where they should be added with `+=`.
    The same `Wx` was used T times, so its gradient is a sum of T terms: add with `+=`.
T = dhs → self.zero_grad(); T = dhs
    What an earlier call left in `.grad` is lost: the gradients are set or zeroed where they add.
    `backward` *adds* to `.grad`. Zeroing is the training loop's business, with `zero_grad()`.
self.Wx.grad += dWx → self.Wx.grad += dWx * (step == 0)
self.Wh.grad += dWh → self.Wh.grad += dWh * (step == 0)
self.b.grad += db → self.b.grad += db * (step == 0)
    Only the gradients of step 0, the last step that backward reaches, are added to `.grad`.
    The `+=` of each Param belongs inside the loop: every step adds its share.
if state is None else state → # whatever the state
    The layer always starts from zeros and ignores the `state` it is given.
    Start from `state`; only where it is None, from zeros.
h = np.zeros((len(xs), len(self.Wh.value)), xs.dtype) if → h = getattr(self, "kept", np.zeros((len(xs),
        len(self.Wh.value)), xs.dtype)) if
return hs, h → self.kept = h; return hs, h
    The layer keeps its last state and starts the next call from it.
    Nothing is kept between calls: `state=None` means zeros. Carrying the state is the caller's decision.
self.caches, states = [], [] → self.caches, states, first = [], [], h
cell_step_forward(xs[:, step], h, → cell_step_forward(xs[:, step], first,
    Every step reads the state from before the first: the state is not carried on.
    Each step starts from the `h` that the step before it returned.
cell_step_forward(xs[:, step], h, → cell_step_forward(xs[:, step], states[0] if states else h,
    Every step after the first reads the state of the first step.
    Each step starts from the `h` that the step before it returned.
self.caches, states = [], [] → self.caches, states = [], [h]
np.stack(states, → np.stack(states[:-1],
    `hs` holds the state *before* each step, not after it.
    Append `h` after the step has made it: the last of `hs` is the state that is returned.
return hs, h → return hs, hs[:, 0]
    The state that comes back is that of the first step, not of the last.
    The second result is what the next call should start from.
return hs, h → return hs, hs[-1]
    The state that comes back is `hs[-1]`: that of the last example, not of the last step.
    Axis 0 is the batch, and axis 1 is time: return `h`, or `hs[:, -1]`.
np.stack(states, axis=1) → np.stack(states)
    `hs` is stacked along axis 0: its steps come before the batch.
    The shape is (N, T, H): time is axis 1.
return hs, h → return hs, hs
    All states come back where only the last is asked for.
    The second result is the state after the last step, (N, H).
if dstate is None else dstate → # whatever comes from beyond
    Backward ignores `dstate`, the gradient that comes from beyond the last step.
    Start with `dh = dstate`; only where it is None, with zeros.
reversed(range(T)) → range(T)
    Backward runs from the first step to the last.
    What arrives at a step includes what the step after it sends back: go from the last step to the first.
self.caches, states = [], [] → self.caches, states = getattr(self, "caches", []), []
    The list of caches is never emptied, so backward finds those of an earlier call.
    Start `forward` with a new list: `self.caches = []`.
self.b.grad += db → pass
    The gradient of `b` is left out.
    There are three Params, and each needs its gradient.
return dxs, dh → return dxs[:, ::-1], dh
    `dxs` is in reverse order of time.
    You went backward, so the first `dx` belongs to the last step: put each where its `x` was.
return dxs, dh → return dxs, None
    Backward does not return the gradient of the state it started from.
    When the loop is done, `dh` is that gradient: return it after `dxs`.
self.Wx.grad += dWx → self.Wx.grad += dWx / T
self.Wh.grad += dWh → self.Wh.grad += dWh / T
self.b.grad += db → self.b.grad += db / T
    The parameters' gradients are divided by the number of steps.
    A weight that is used T times gets the *sum* of T gradients.
"""


def layer_over_time(
    heading: str,
    reference: Answer,
    spelt_out: Answer,
    *,
    uses: tuple[str, ...],
    width: str,
    draw: Callable[[np.random.Generator, Sizes], Values],
    more: str = "",
) -> Exercise:
    """Return the exercise of a layer over time.

    Args:
        heading, reference, spelt_out, uses, draw: as in `Exercise`; the name of the reference is that of the cell.
        width: how many columns the parameters have, in symbols, e.g. "3H".
        more: mistakes of this layer alone, as for `mistakes`.
    """
    name = reference.__name__
    grads = {"Wx.grad": f"(D, {width})", "Wh.grad": f"(H, {width})", "b.grad": f"({width},)"}
    return Exercise(
        heading=heading,
        reference=reference,
        results=_ONCE
        | grads
        | {f"{result} of a second call, with no state given": shape for result, shape in _ONCE.items()}
        | {f"{result} after two calls": shape for result, shape in grads.items()},
        draw=draw,
        bounded=("state",),
        probe=recurrent_layer(name),
        uses=uses,
        groups=layer_groups("state"),
        spelt_out=spelt_out,
        misconceptions=mistakes(spelt_out, _MISTAKES.replace("cell_", f"{name.lower()}_") + more),
    )

"""The reference against PyTorch, Optax and Keras: 200 steps from the same gradients in float64, and how far they part.

    python -m frameworks.compare --write docs/frameworks.md     (from tests/; `make frameworks` sets all of it up)

Each comparison says how the library's convention is mapped to the lecture's, or that it cannot be. Open loop: every step gets
its gradient from a stream drawn beforehand, so that no rounding feeds back.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

STEPS, SIZE = 200, 5
WITHIN = 1e-12


def gradients() -> np.ndarray:
    """Return the stream of gradients, shape (STEPS, SIZE): ordinary ones, with some that are tiny and some that are large."""
    rng = np.random.default_rng(20211)
    stream = rng.normal(size=(STEPS, SIZE))
    stream[::17] *= 1e-3
    stream[5::23] *= 1e2
    return stream


def rates(varying: bool) -> np.ndarray:
    """Return the rate of each step, shape (STEPS,)."""
    return 0.1 / np.sqrt(1 + np.arange(STEPS)) if varying else np.full(STEPS, 0.05)


START = np.linspace(-1.0, 2.0, SIZE)


# The reference ----------------------------------------------------------------------------------------------------------------


def _reference(section: str, name: str) -> Callable:
    return getattr(importlib.import_module(f"reference_impl.{section}"), name)


def _walk(step: Callable[[np.ndarray, tuple, np.ndarray, int], tuple], n_states: int) -> np.ndarray:
    theta, state = START.copy(), tuple(np.zeros(SIZE) for _ in range(n_states))
    points = []
    for t, g in enumerate(gradients(), start=1):
        theta, *state = step(theta, tuple(state), g, t)
        points.append(theta)
    return np.array(points)


def momentum(varying: bool) -> np.ndarray:
    rule, lr = _reference("s06_momentum", "momentum_step"), rates(varying)
    return _walk(lambda theta, state, g, t: rule(theta, *state, g, lr[t - 1], 0.9), 1)


def nesterov() -> np.ndarray:
    """The libraries keep the look-ahead point φ = θ − γν in place of θ: that is what is compared."""
    rule = _reference("s07_nesterov", "nesterov_step")
    theta, velocity, points = START.copy(), np.zeros(SIZE), []
    for g in gradients():
        theta, velocity = rule(theta, velocity, lambda _, g=g: g, 0.05, 0.9)
        points.append(theta - 0.9 * velocity)
    return np.array(points)


def adagrad() -> np.ndarray:
    rule = _reference("s09_adagrad", "adagrad_step")
    return _walk(lambda theta, state, g, t: rule(theta, *state, g, 0.05, 1e-3), 1)


def rmsprop() -> np.ndarray:
    rule = _reference("s10_rmsprop", "rmsprop_step")
    return _walk(lambda theta, state, g, t: rule(theta, *state, g, 0.05, 0.9, 1e-3), 1)


def adadelta() -> np.ndarray:
    rule = _reference("s11_adadelta", "adadelta_step")
    return _walk(lambda theta, state, g, t: rule(theta, *state, g, 0.9, 1e-6), 2)


def adam() -> np.ndarray:
    rule = _reference("s12_adam", "adam_step")
    return _walk(lambda theta, state, g, t: rule(theta, *state, g, t, 0.05, 0.9, 0.999, 1e-3), 2)


# The libraries ----------------------------------------------------------------------------------------------------------------


def torch_walk(make: Callable, lr: np.ndarray) -> np.ndarray:
    """Return the points of a torch optimizer made by `make(parameters, lr)`."""
    import torch

    theta = torch.tensor(START, dtype=torch.float64, requires_grad=True)
    optimizer = make(torch.optim, [theta], float(lr[0]))
    points = []
    for rate, g in zip(lr, gradients(), strict=True):
        for group in optimizer.param_groups:
            group["lr"] = float(rate)
        theta.grad = torch.tensor(g)
        optimizer.step()
        points.append(theta.detach().numpy().copy())
    return np.array(points)


def optax_walk(make: Callable, lr: np.ndarray) -> np.ndarray:
    """Return the points of an optax transformation made by `make(optax, schedule)`."""
    import jax

    jax.config.update("jax_enable_x64", True)
    import jax.numpy as jnp
    import optax

    table = jnp.asarray(lr)
    optimizer = make(optax, lambda count: table[count])
    theta = jnp.asarray(START)
    state = optimizer.init(theta)
    points = []
    for g in gradients():
        updates, state = optimizer.update(jnp.asarray(g), state, theta)
        theta = optax.apply_updates(theta, updates)
        points.append(np.asarray(theta))
    return np.array(points)


def keras_walk(make: Callable, lr: np.ndarray, prepare: Callable | None = None) -> np.ndarray:
    """Return the points of a Keras optimizer made by `make(keras.optimizers, lr)`; `prepare(optimizer, t)` goes before step t."""
    import os

    os.environ.setdefault("KERAS_BACKEND", "torch")
    import keras

    keras.backend.set_floatx("float64")
    theta = keras.Variable(START, dtype="float64")
    optimizer = make(keras.optimizers, float(lr[0]))
    optimizer.build([theta])
    points = []
    for t, (rate, g) in enumerate(zip(lr, gradients(), strict=True), start=1):
        optimizer.learning_rate = float(rate)
        if prepare:
            prepare(optimizer, t)
        optimizer.apply_gradients([(keras.ops.convert_to_tensor(g, dtype="float64"), theta)])
        points.append(np.array(keras.ops.convert_to_numpy(theta)))
    return np.array(points)


def _keras_adam_epsilon(optimizer: object, t: int) -> None:
    optimizer.epsilon = 1e-3 * np.sqrt(1 - 0.999**t)


# The table --------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Comparison:
    """A rule against a library: both walks, how the convention is mapped, and whether they must agree within WITHIN."""

    rule: str
    library: str
    ours: Callable[[], np.ndarray]
    theirs: Callable[[], np.ndarray]
    mapping: str
    same: bool = True

    def apart(self) -> float:
        """Return the largest difference of the two walks, relative to the largest coordinate."""
        ours, theirs = self.ours(), self.theirs()
        return float(np.max(np.abs(ours - theirs)) / np.max(np.abs(ours)))


CONSTANT, VARYING = rates(False), rates(True)
ONE = np.ones(STEPS)
OUTSIDE = "none: the rate is outside the velocity"
AHEAD = "its θ is φ = θ − γν here"

COMPARISONS = (
    Comparison("momentum, constant η", "torch", lambda: momentum(False),
               lambda: torch_walk(lambda o, p, lr: o.SGD(p, lr=lr, momentum=0.9), CONSTANT), "as it is"),
    Comparison("momentum, constant η", "optax", lambda: momentum(False),
               lambda: optax_walk(lambda o, lr: o.sgd(lr, momentum=0.9), CONSTANT), "as it is"),
    Comparison("momentum, constant η", "keras", lambda: momentum(False),
               lambda: keras_walk(lambda o, lr: o.SGD(lr, momentum=0.9), CONSTANT), "as it is"),
    Comparison("momentum, varying η", "torch", lambda: momentum(True),
               lambda: torch_walk(lambda o, p, lr: o.SGD(p, lr=lr, momentum=0.9), VARYING), OUTSIDE, False),
    Comparison("momentum, varying η", "optax", lambda: momentum(True),
               lambda: optax_walk(lambda o, lr: o.sgd(lr, momentum=0.9), VARYING), OUTSIDE, False),
    Comparison("momentum, varying η", "keras", lambda: momentum(True),
               lambda: keras_walk(lambda o, lr: o.SGD(lr, momentum=0.9), VARYING), "as it is"),
    Comparison("Nesterov", "torch", nesterov,
               lambda: torch_walk(lambda o, p, lr: o.SGD(p, lr=lr, momentum=0.9, nesterov=True), CONSTANT), AHEAD),
    Comparison("Nesterov", "optax", nesterov,
               lambda: optax_walk(lambda o, lr: o.sgd(lr, momentum=0.9, nesterov=True), CONSTANT), AHEAD),
    Comparison("Nesterov", "keras", nesterov,
               lambda: keras_walk(lambda o, lr: o.SGD(lr, momentum=0.9, nesterov=True), CONSTANT), AHEAD),
    Comparison("Adagrad", "torch", adagrad,
               lambda: torch_walk(lambda o, p, lr: o.Adagrad(p, lr=lr, eps=0.0, initial_accumulator_value=1e-3), CONSTANT),
               "eps=0, initial_accumulator_value=ε"),
    Comparison("Adagrad", "optax", adagrad,
               lambda: optax_walk(lambda o, lr: o.adagrad(lr, initial_accumulator_value=0.0, eps=1e-3), CONSTANT),
               "initial_accumulator_value=0"),
    Comparison("Adagrad", "keras", adagrad,
               lambda: keras_walk(lambda o, lr: o.Adagrad(lr, initial_accumulator_value=0.0, epsilon=1e-3), CONSTANT),
               "initial_accumulator_value=0"),
    Comparison("RMSprop", "torch", rmsprop,
               lambda: torch_walk(lambda o, p, lr: o.RMSprop(p, lr=lr, alpha=0.9, eps=1e-3), CONSTANT),
               "none: ε is outside the root", False),
    Comparison("RMSprop", "optax", rmsprop,
               lambda: optax_walk(lambda o, lr: o.rmsprop(lr, decay=0.9, eps=1e-3, eps_in_sqrt=True), CONSTANT),
               "eps_in_sqrt=True"),
    Comparison("RMSprop", "keras", rmsprop,
               lambda: keras_walk(lambda o, lr: o.RMSprop(lr, rho=0.9, epsilon=1e-3), CONSTANT), "as it is"),
    Comparison("Adadelta", "torch", adadelta,
               lambda: torch_walk(lambda o, p, lr: o.Adadelta(p, lr=lr, rho=0.9, eps=1e-6), ONE), "lr=1"),
    Comparison("Adadelta", "optax", adadelta,
               lambda: optax_walk(lambda o, lr: o.adadelta(lr, rho=0.9, eps=1e-6), ONE), "learning_rate=1"),
    Comparison("Adadelta", "keras", adadelta,
               lambda: keras_walk(lambda o, lr: o.Adadelta(lr, rho=0.9, epsilon=1e-6), ONE), "learning_rate=1"),
    Comparison("Adam", "torch", adam,
               lambda: torch_walk(lambda o, p, lr: o.Adam(p, lr=lr, betas=(0.9, 0.999), eps=1e-3), CONSTANT), "as it is"),
    Comparison("Adam", "optax", adam,
               lambda: optax_walk(lambda o, lr: o.adam(lr, b1=0.9, b2=0.999, eps=1e-3), CONSTANT), "as it is"),
    Comparison("Adam", "keras", adam,
               lambda: keras_walk(lambda o, lr: o.Adam(lr, beta_1=0.9, beta_2=0.999), CONSTANT, _keras_adam_epsilon),
               "its epsilon is ε√(1−β₂ᵗ), set before every step"),
)  # fmt: skip


def table(measured: dict[Comparison, float]) -> str:
    """Return the comparisons as a Markdown page, with the versions that were compared."""
    from importlib.metadata import version

    versions = ", ".join(f"{name} {version(name)}" for name in ("torch", "optax", "keras", "numpy"))
    lines = [
        "# The reference against PyTorch, Optax and Keras",
        "",
        "This file is generated by `make frameworks`.",
        "",
        f"{STEPS} steps of each rule from the same gradients, in float64, with",
        f"{versions}.",
        "",
        "The number is the largest difference between the two walks, relative to the largest coordinate. Wherever the",
        f"conventions can be mapped it must be below {WITHIN:g}; where they can't, the two are different rules, and the number",
        "says by how much.",
        "",
        "| rule | library | mapping | difference | |",
        "|---|---|---|---|---|",
    ]
    for item, apart in measured.items():
        verdict = "the same" if item.same else "another rule"
        lines.append(f"| {item.rule} | {item.library} | {item.mapping} | {apart:.1e} | {verdict} |")
    return "\n".join([*lines, ""])


def main() -> int:
    """Compare, print or write the table; exit status 1 where a comparison is not what it must be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", type=Path, help="write the table to this file")
    arguments = parser.parse_args()
    measured = {item: item.apart() for item in COMPARISONS}
    page = table(measured)
    if arguments.write:
        arguments.write.write_text(page, encoding="utf-8")
    print(page)
    wrong = [item for item, apart in measured.items() if (apart < WITHIN) != item.same]
    for item in wrong:
        wanted = "below" if item.same else "above"
        print(f"{item.rule}, {item.library}: {measured[item]:.1e}, expected {wanted} {WITHIN:g}", file=sys.stderr)
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())

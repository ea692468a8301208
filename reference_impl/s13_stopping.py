"""Section 13, when to stop (lecture 7, slide "Критерии остановки")."""

# J is the lecture's name of the loss, and no constant, as the linter believes of capital letters.
# ruff: noqa: SIM300

import time

import numpy as np

when_to_stop = "c"


def budget_spent(iteration, seconds, max_iterations, max_seconds):
    """Say whether one of the two limits on work has been reached.

    iteration: int, the number of steps made so far
    seconds: float, the time spent so far
    max_iterations, max_seconds: the limits, 0 or more; np.inf where there is none

    Returns a bool. A limit that is met exactly is reached.
    """
    return iteration >= max_iterations or seconds >= max_seconds


def validation_worsened(losses, patience):
    """Say whether the last `patience` evaluations on the validation data brought no new best.

    losses: list of finite floats, the validation loss at each evaluation so far, oldest first;
        it may be empty
    patience: int, at least 1, the number of evaluations to wait for a new best

    Returns a bool. A new best is strictly smaller than every loss before it; the first
    evaluation is one.
    """
    return len(losses) > 0 and len(losses) - 1 - np.argmin(losses) >= patience


def near_optimum(J, J_star, eps):
    """Say whether the loss is within eps of the lowest one: J(θ) − J(θ*) ≤ ε.

    J: float, the loss at theta
    J_star: float, the lowest loss there is, or what is believed to be it
    eps: float, the distance that is good enough, 0 or more

    Returns a bool, True also where J is below J_star.
    """
    return J - J_star <= eps


def loss_reduced(J, J0, eps):
    """Say whether the loss has fallen to the share eps of what it was: J(θ) ≤ εJ(θ_0).

    J, J0: floats, 0 or more, the loss at theta and at the start
    eps: float, the share, 0 or more

    Returns a bool.
    """
    return J <= eps * J0


def gradient_reduced(gradient, gradient0, eps):
    """Say whether the gradient has become short, measured by the one at the start: ‖∇J(θ)‖ ≤ ε‖∇J(θ_0)‖.

    gradient, gradient0: arrays of one shape, any shape, the gradient at theta and at the start
    eps: float, the share, 0 or more

    Returns a bool. The norm is the Euclidean one over all entries.
    """
    return np.linalg.norm(gradient) <= eps * np.linalg.norm(gradient0)


def stop_reason(state, limits):
    """Name the first criterion that says stop.

    state: dict with `iteration` (int), `seconds` (float), `J` and `J0` (floats), `gradient` and
        `gradient0` (arrays of one shape) and `validation` (list of floats, oldest first)
    limits: dict with any of `max_iterations`, `max_seconds`, `patience`, `J_star`,
        `eps_optimum`, `eps_loss`, `eps_gradient`; a limit that is absent never stops, and
        "optimum" needs both `J_star` and `eps_optimum`

    Returns, in this order, "diverged" (J or an entry of the gradient is not finite, whatever
    the limits), "budget", "validation", "optimum", "loss", "gradient", or None to go on.
    """
    if not (np.isfinite(state["J"]) and np.all(np.isfinite(state["gradient"]))):
        return "diverged"
    most = limits.get("max_iterations", np.inf), limits.get("max_seconds", np.inf)
    if budget_spent(state["iteration"], state["seconds"], *most):
        return "budget"
    if "patience" in limits and validation_worsened(state["validation"], limits["patience"]):
        return "validation"
    if {"J_star", "eps_optimum"} <= limits.keys() and near_optimum(state["J"], limits["J_star"], limits["eps_optimum"]):
        return "optimum"
    if "eps_loss" in limits and loss_reduced(state["J"], state["J0"], limits["eps_loss"]):
        return "loss"
    if "eps_gradient" in limits and gradient_reduced(state["gradient"], state["gradient0"], limits["eps_gradient"]):
        return "gradient"
    return None


def minimize(J, gradient_of, theta0, schedule, limits, validation=None, clock=time.monotonic):
    """Walk with gradient descent until a criterion says stop.

    J: function theta -> loss, a float
    gradient_of: function theta -> gradient of J at theta
    theta0: array of any shape, the start
    schedule: function t -> learning rate of step t, for t = 1, 2, ...
    limits: dict, as stop_reason takes it
    validation: function theta -> loss on the validation data, a float; None where there is none
    clock: function without arguments -> the time in seconds, counted from some moment or other

    Before every step, the first too, stop_reason is asked: with the number of steps made, the
    seconds since the call began, and the validation losses of all points so far. J, gradient_of
    and validation are called once at each point, all of them by position.

    Returns (theta, reason, n_steps), n_steps the number of steps made. theta is where the walk
    stands; if validation stopped it, the point with the lowest validation loss, the first of
    them if there are several; if it diverged, the last point before (theta0 if there is none).
    """
    start, t = clock(), 0
    theta = before = best = np.array(theta0, dtype=float)
    losses = []
    while True:
        value, gradient = J(theta), gradient_of(theta)
        if t == 0:
            J0, gradient0 = value, gradient
        if validation is not None:
            losses.append(validation(theta))
            if losses[-1] < min(losses[:-1], default=np.inf):
                best = theta
        state = {"iteration": t, "seconds": clock() - start, "J": value, "J0": J0}
        state |= {"gradient": gradient, "gradient0": gradient0, "validation": losses}
        reason = stop_reason(state, limits)
        if reason:
            return {"validation": best, "diverged": before}.get(reason, theta), reason, t
        t += 1
        before, theta = theta, theta - schedule(t) * gradient

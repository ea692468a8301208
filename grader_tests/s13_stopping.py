"""Checks and known mistakes of section 13, when to stop."""

# J is the lecture's name of the loss, and no constant, as the linter believes of capital letters.
# ruff: noqa: SIM300

import time
from functools import cache

import numpy as np

from descentlab import curvefit
from descentlab.checks import Call, CheckFailed, ClockOf, Exercise, GradientOf, Question, ScheduleOf, ValueOf, close, same
from grader_tests._draws import hessian, rates, vector
from grader_tests._ghosts import Ghost
from reference_impl import s13_stopping as reference
from reference_impl.s13_stopping import (
    budget_spent,
    gradient_reduced,
    loss_reduced,
    near_optimum,
    stop_reason,
    validation_worsened,
)

# Numbers at which a criterion is met exactly are halves and quarters: they are exact in binary, and so are their differences and
# products, however the inequality is rearranged.
QUARTER, HALF = 0.25, 0.5


def _quarters(rng, low, high):
    """Return a whole number of quarters between low and high."""
    return float(rng.integers(4 * low, 4 * high)) / 4


# The budget -------------------------------------------------------------------------------------------------------------------

budget = Exercise(reference.budget_spent)


def _spent(label, *numbers):
    names = ("iteration", "seconds", "max_iterations", "max_seconds")
    return Call("budget_spent", dict(zip(names, numbers, strict=True)), label=label)


@budget.part("says yes as soon as one of the two limits is reached, and not before", weight=2)
def either_limit(rng):
    n, s = int(rng.integers(20, 60)), _quarters(rng, 10, 30)
    return [
        _spent("both limits ahead", n, s, 3 * n, 3 * s),
        _spent("the limit on steps behind, that on time ahead", 3 * n, s, n, 3 * s),
        _spent("the limit on time behind, that on steps ahead", n, 3 * s, 3 * n, s),
        _spent("both limits behind", 3 * n, 3 * s, n, s),
        _spent("one step before the limit", n - 1, s, n, 3 * s),
        _spent("a moment before the limit", n, s, 3 * n, s + 0.125),
        _spent("fewer steps than the limit on time has seconds, which is behind", 2, 3 * s, 60, s),
    ]


@budget.part("counts a limit as reached when it is met exactly")
def met_exactly(rng):
    n, s = int(rng.integers(20, 60)), _quarters(rng, 10, 30)
    return [
        _spent("as many steps as the limit says", n, s, n, 2 * s),
        _spent("as much time as the limit says", n, s, 2 * n, s),
        _spent("a limit of no steps, before the first", 0, 0.0, 0, s),
        _spent("a limit of no time, before the first step", 0, 0.0, n, 0.0),
        _spent("limits ahead", n, s, n + 1, s + QUARTER),
    ]


@budget.part("never stops at a limit that is infinite")
def without_limit(rng):
    n, s = int(rng.integers(20, 60)), _quarters(rng, 10, 30)
    return [
        _spent("no limit on steps", 15 * n, s, np.inf, 2 * s),
        _spent("no limit on time", n, 1000 * s, 2 * n, np.inf),
        _spent("no limit at all", 15 * n, 1000 * s, np.inf, np.inf),
        _spent("no limit on steps, time spent", n, 2 * s, np.inf, s),
        _spent("no limit on time, steps spent", 2 * n, s, n, np.inf),
    ]


@budget.mistake(
    "It waits until the limit has been passed. A limit of 100 steps allows 100 steps: when they are made, the budget is spent. "
    "Look at the comparison, > or >=.",
    passes=("either_limit", "without_limit"),
)
def passed_not_met(iteration, seconds, max_iterations, max_seconds):
    return iteration > max_iterations or seconds > max_seconds


@budget.mistake(
    "Steps are counted right, but a time that is met exactly is not yet spent here. Look at both comparisons.",
    passes=("either_limit", "without_limit"),
)
def time_passed_not_met(iteration, seconds, max_iterations, max_seconds):
    return iteration >= max_iterations or seconds > max_seconds


@budget.mistake(
    "Time is counted right, but a number of steps that is met exactly is not yet spent here. Look at both comparisons.",
    passes=("either_limit", "without_limit"),
)
def steps_passed_not_met(iteration, seconds, max_iterations, max_seconds):
    return iteration > max_iterations or seconds >= max_seconds


@budget.mistake("Both limits must be reached here. Either one is enough: look at the word between the two comparisons.")
def both_limits(iteration, seconds, max_iterations, max_seconds):
    return iteration >= max_iterations and seconds >= max_seconds


@budget.mistake("Time is not looked at. The slide limits the number of iterations *or* the time.")
def steps_alone(iteration, seconds, max_iterations, max_seconds):
    return iteration >= max_iterations


@budget.mistake("The number of steps is not looked at. The slide limits the number of iterations *or* the time.")
def time_alone(iteration, seconds, max_iterations, max_seconds):
    return seconds >= max_seconds


@budget.mistake("The answer is turned round: it says whether there is still something left. Look at what the name asks.")
def budget_left(iteration, seconds, max_iterations, max_seconds):
    return iteration < max_iterations and seconds < max_seconds


@budget.mistake(
    "It stops one step too early, as if the step that comes next had been made. `iteration` counts the steps that are behind.",
    passes=("without_limit",),
)
def one_step_early(iteration, seconds, max_iterations, max_seconds):
    return iteration + 1 >= max_iterations or seconds >= max_seconds


@budget.mistake(
    "Only a limit that is met exactly is seen. Time never falls on a limit exactly, and then it is passed by for ever. Look at "
    "the comparison.",
    passes=("met_exactly",),
)
def exactly_or_never(iteration, seconds, max_iterations, max_seconds):
    return iteration == max_iterations or seconds == max_seconds


@budget.mistake(
    "A limit of zero is taken for no limit. In Python 0 counts as false: look for an `if` or an `and` on the limit itself.",
    passes=("either_limit", "without_limit"),
)
def zero_for_none(iteration, seconds, max_iterations, max_seconds):
    return bool((max_iterations and iteration >= max_iterations) or (max_seconds and seconds >= max_seconds))


@budget.pair("steps-alone", "steps-passed-not-met")
def steps_alone_passed(iteration, seconds, max_iterations, max_seconds):
    return iteration > max_iterations


@budget.right
def turned_round_twice(iteration, seconds, max_iterations, max_seconds):
    return not (iteration < max_iterations and seconds < max_seconds)


@budget.right
def with_ifs(iteration, seconds, max_iterations, max_seconds):
    if max_iterations <= iteration:
        return True
    return bool(max_seconds <= seconds)


@budget.right
def any_of_two(iteration, seconds, max_iterations, max_seconds):
    return any(spent >= limit for spent, limit in ((iteration, max_iterations), (seconds, max_seconds)))


@budget.right
def by_numpy(iteration, seconds, max_iterations, max_seconds):
    return np.any(np.array([iteration, seconds], dtype=float) >= np.array([max_iterations, max_seconds], dtype=float))


# Validation -------------------------------------------------------------------------------------------------------------------

worsened = Exercise(reference.validation_worsened)


def _losses(rng, *heights):
    """Return losses of these heights, in units of something odd, so that no two are equal that should not be."""
    unit = float(rng.uniform(0.3, 0.9))
    return [unit * height for height in heights]


def _waited(rng, label, heights, patience):
    return Call("validation_worsened", {"losses": _losses(rng, *heights), "patience": patience}, label=label)


@worsened.part("says yes when `patience` evaluations in a row brought no new best, and not before", weight=2)
def patience_runs_out(rng):
    return [
        _waited(rng, "patience 3, the last of 6 is the best", (9, 8, 7, 6, 5, 4), 3),
        _waited(rng, "patience 3, the best 2 evaluations ago", (9, 5, 7, 4, 5.5, 6), 3),
        _waited(rng, "patience 3, the best 3 evaluations ago", (9, 7, 4, 5, 6, 8), 3),
        _waited(rng, "patience 3, the best 5 evaluations ago", (9, 4, 5, 6, 7, 8), 3),
        _waited(rng, "patience 1, the best just before the last", (9, 7, 4, 6), 1),
        _waited(rng, "patience 1, the last is the best", (9, 7, 6, 4), 1),
        _waited(rng, "patience 2, the best 3 evaluations ago, falling again since", (9, 4, 8, 7, 6), 2),
        _waited(rng, "patience 3, the best 2 evaluations ago, all losses below zero", (-2, -4, -9, -8, -5), 3),
        _waited(rng, "patience 2, the best 2 evaluations ago, all losses below zero", (-2, -4, -9, -8, -5), 2),
    ]


@worsened.part("begins to count anew at every new best")
def new_best(rng):
    return [
        _waited(rng, "patience 3, two stumbles of 2 evaluations each", (9, 7, 8, 8.5, 5, 6, 7), 3),
        _waited(rng, "patience 2, a stumble of 3, then a new best", (9, 5, 6, 7, 8, 4), 2),
        _waited(rng, "patience 3, every other evaluation a new best", (9, 10, 8, 9.5, 7, 8.5, 6, 7.5), 3),
        _waited(rng, "patience 3, a stumble of 2, a new best, then 3 without one", (9, 7, 8, 8.5, 5, 6, 7, 5.5), 3),
    ]


@worsened.part("takes a loss for a new best only where it is strictly smaller")
def ties(rng):
    return [
        _waited(rng, "patience 3, the best 3 evaluations ago, met once more since", (9, 5, 6, 5, 7), 3),
        _waited(rng, "patience 2, the best 2 evaluations ago, and the same twice more", (9, 5, 5, 5), 2),
        _waited(rng, "patience 4, the best 2 evaluations ago, and the same twice more", (9, 5, 5, 5), 4),
        _waited(rng, "patience 2, a smaller one after three that are equal", (5, 5, 5, 4), 2),
    ]


@worsened.part("answers from the first evaluation on, and before it")
def few_losses(rng):
    return [
        _waited(rng, "no evaluation yet", (), 2),
        _waited(rng, "one evaluation, patience 1", (5,), 1),
        _waited(rng, "two evaluations, the second worse, patience 2", (5, 6), 2),
        _waited(rng, "two evaluations, the second worse, patience 5", (5, 6), 5),
        _waited(rng, "three evaluations, the first the best, patience 2", (5, 6, 7), 2),
        _waited(rng, "two evaluations, the second better, patience 1", (6, 5), 1),
    ]


@worsened.property("comes on exactly `patience` evaluations after the last new best, whatever unit the losses are in")
def along_a_run(student, rng):
    for patience in (2, 5):
        steps = rng.normal(-0.2, 1.0, size=40).cumsum()
        losses = [float(x) for x in (steps - steps.min() + 1) * 10.0 ** rng.integers(-3, 4)]
        since = 0
        for n in range(1, len(losses) + 1):
            since = 0 if n == 1 or losses[n - 1] < min(losses[: n - 1]) else since + 1
            got = student.validation_worsened(losses=losses[:n], patience=patience)
            same(got, since >= patience, where=f"patience {patience}, the best {since} evaluations ago")


@worsened.mistake(
    "It waits one evaluation too long. With a patience of 3, the third evaluation without a new best ends the run. Look at the "
    "comparison, > or >=, or at where counting begins.",
)
def one_too_late(losses, patience):
    return len(losses) > 0 and len(losses) - 1 - int(np.argmin(losses)) > patience


@worsened.mistake(
    "It stops one evaluation too early: the best one itself seems to be counted among those that brought nothing. Look at where "
    "counting begins.",
    passes=("ties",),
)
def one_too_early(losses, patience):
    return len(losses) > 0 and len(losses) - int(np.argmin(losses)) >= patience


@worsened.mistake(
    "An equal loss counts as a new best here, and the wait begins anew. On a plateau that never ends. New best means strictly "
    "smaller: look at the comparison, or at which of several equal minima is found.",
    passes=("patience_runs_out", "new_best", "few_losses", "along_a_run"),
)
def ties_count(losses, patience):
    best, since = np.inf, 0
    for loss in losses:
        best, since = (loss, 0) if loss <= best else (best, since + 1)
    return since >= patience


@worsened.mistake(
    "All evaluations without a new best are added up, over the whole run. A new best ends the wait: look at what becomes of the "
    "counter there.",
    passes=("few_losses",),
)
def not_in_a_row(losses, patience):
    best, since = np.inf, 0
    for loss in losses:
        best, since = (loss, since) if loss < best else (best, since + 1)
    return since >= patience


@worsened.mistake(
    "It counts how often in a row the loss has risen, each time compared with the evaluation just before. A loss that falls "
    "again without reaching its best would go on for ever. Compare with the best so far.",
    passes=("few_losses",),
)
def rises_in_a_row(losses, patience):
    rises = 0
    for k in range(1, len(losses)):
        rises = rises + 1 if losses[k] >= losses[k - 1] else 0
    return rises >= patience


@worsened.mistake(
    "One evaluation without a new best is enough here: patience is not used. Validation losses go up and down; patience is how "
    "long that is forgiven.",
)
def no_patience(losses, patience):
    return len(losses) > 0 and losses[-1] > min(losses)


@worsened.mistake(
    "The last loss is compared with the one `patience` evaluations ago. The best may lie anywhere before it, or in between: "
    "look for the smallest of all.",
    passes=("ties", "few_losses"),
)
def against_one_of_them(losses, patience):
    return len(losses) > patience and losses[-1] >= losses[-1 - patience]


@worsened.mistake(
    "The largest value is taken for the best, as of an accuracy. These are losses: the smaller, the better.",
)
def largest_is_best(losses, patience):
    return len(losses) > 0 and len(losses) - 1 - int(np.argmax(losses)) >= patience


@worsened.mistake(
    "An empty list raises an exception: there is no smallest of nothing. Before the first evaluation the answer is no. Look at "
    "what happens to a list without entries.",
    passes=("patience_runs_out", "new_best", "ties", "along_a_run"),
)
def nothing_yet(losses, patience):
    return len(losses) - 1 - losses.index(min(losses)) >= patience


@worsened.mistake(
    "The answer is turned round: it says whether there is still patience left. Look at what the name asks.",
)
def patience_left(losses, patience):
    return not (len(losses) > 0 and len(losses) - 1 - int(np.argmin(losses)) >= patience)


@worsened.mistake(
    "The best loss starts at zero, and no loss above zero is smaller. Start with the first loss, or with infinity.",
)
def best_starts_at_zero(losses, patience):
    best, since = 0.0, 0
    for loss in losses:
        best, since = (loss, 0) if loss < best else (best, since + 1)
    return since >= patience


@worsened.mistake(
    "It is the last evaluation alone that is compared with the best before the wait. One of the others may have been a new best "
    "in the meantime. Look at all of the last `patience` losses.",
    passes=("ties", "few_losses"),
)
def last_against_the_best_before(losses, patience):
    return len(losses) > patience and losses[-1] >= min(losses[:-patience])


@worsened.pair("one-too-late", "nothing-yet")
def too_late_and_nothing_yet(losses, patience):
    return len(losses) - 1 - losses.index(min(losses)) > patience


@worsened.pair("one-too-late", "rises-in-a-row")
def rises_and_too_late(losses, patience):
    rises = 0
    for k in range(1, len(losses)):
        rises = rises + 1 if losses[k] >= losses[k - 1] else 0
    return rises > patience


@worsened.right
def by_index(losses, patience):
    if not losses:
        return False
    return len(losses) - 1 - losses.index(min(losses)) >= patience


@worsened.right
def by_counting(losses, patience):
    best, since = float("inf"), 0
    for loss in losses:
        if loss < best:
            best, since = loss, 0
        else:
            since += 1
    return since >= patience


@worsened.right
def none_of_the_last_is_better(losses, patience):
    return len(losses) > patience and all(loss >= min(losses[:-patience]) for loss in losses[-patience:])


@worsened.right
def minimum_of_two_slices(losses, patience):
    if len(losses) <= patience:
        return False
    return np.min(losses[-patience:]) >= np.min(losses[:-patience])


@worsened.right
def running_minimum(losses, patience):
    lowest = np.minimum.accumulate(np.asarray(losses, dtype=float))
    return len(losses) > patience and bool(lowest[-1] == lowest[-1 - patience])


# Near the optimum -------------------------------------------------------------------------------------------------------------

near = Exercise(reference.near_optimum)


def _near(label, J, J_star, eps):
    return Call("near_optimum", {"J": J, "J_star": J_star, "eps": eps}, label=label)


@near.part("compares the distance to the lowest loss with ε, on either side of it", weight=2)
def distance(rng):
    star, eps = _quarters(rng, 3, 9), float(rng.uniform(0.3, 0.7))
    below = -_quarters(rng, 3, 9)
    return [
        _near("nearer than ε", star + 0.9 * eps, star, eps),
        _near("farther than ε", star + 1.1 * eps, star, eps),
        _near("far away", 40 * star, star, eps),
        _near("nearer than ε, a lowest loss below zero", below + 0.9 * eps, below, eps),
        _near("farther than ε, a lowest loss below zero", below + 1.1 * eps, below, eps),
        _near("farther than ε, the lowest loss is zero", 1.2 * eps, 0.0, eps),
        _near("nearer than ε, the lowest loss is zero", 0.8 * eps, 0.0, eps),
        _near("farther than ε, tiny losses", 3e-9, 1e-9, 1e-9),
        _near("nearer than ε, huge losses", 1e9 + 1.0, 1e9, 2.0),
        _near("farther than ε, huge losses", 1e9 + 3.0, 1e9, 2.0),
    ]


@near.part("counts a distance of exactly ε as near enough")
def exactly_eps(rng):
    star = _quarters(rng, 3, 9)
    return [
        _near("a distance of ε", star + HALF, star, HALF),
        _near("ε = 0, at the optimum", star, star, 0.0),
        _near("ε = 0, not quite at the optimum", star + QUARTER, star, 0.0),
    ]


@near.part("is content with a loss below the one that was believed to be the lowest")
def below_the_lowest(rng):
    star = _quarters(rng, 3, 9)
    return [
        _near("below J* by more than ε", star - 1.0, star, HALF),
        _near("below J* by less than ε", star - QUARTER, star, HALF),
        _near("above J* by more than ε", star + 1.0, star, HALF),
    ]


@near.property("says the same of J and J* when a constant is added to both")
def constant_added(student, rng):
    for share in (0.5, 1.5):
        eps, star = float(rng.uniform(0.5, 2.0)), float(rng.normal())
        for constant in (-100.0, 0.0, 100.0):
            got = student.near_optimum(J=star + share * eps + constant, J_star=star + constant, eps=eps)
            same(got, share < 1, where=f"at {share:g} ε from the optimum, with {constant:g} added")


@near.mistake(
    "A distance of exactly ε is not enough here. The slide has ≤: look at the comparison.",
    passes=("distance", "below_the_lowest", "constant_added"),
)
def strictly_nearer(J, J_star, eps):
    return J - J_star < eps


@near.mistake(
    "The distance is taken without its sign, so a loss that is clearly below the supposed optimum seems to be far from it. "
    "That happens where J* is an estimate. The slide has no absolute value.",
    passes=("distance", "exactly_eps", "constant_added"),
)
def absolute_distance(J, J_star, eps):
    return abs(J - J_star) <= eps


@near.mistake(
    "The distance is measured in units of J*. This criterion is the absolute one: ε is in the units of J itself, and J* may be "
    "zero. Look at what stands on the right of the inequality.",
    passes=("exactly_eps",),
)
def relative_to_the_optimum(J, J_star, eps):
    return J - J_star <= eps * abs(J_star)


@near.mistake("J* is not used: J itself is compared with ε. The lowest loss need not be zero. Look at the left side.")
def optimum_forgotten(J, J_star, eps):
    return J <= eps


@near.mistake("This is the criterion that follows on the slide, with J* for J(θ_0). Here the two losses are subtracted.")
def product_with_the_optimum(J, J_star, eps):
    return J <= eps * J_star


@near.mistake("The difference is turned round: J* − J is never above zero, so it stops at once. Look at the order.")
def difference_turned_round(J, J_star, eps):
    return J_star - J <= eps


@near.mistake("The answer is turned round: it says whether there is still a way to go. Look at the comparison.")
def still_far(J, J_star, eps):
    return J - J_star > eps


@near.mistake(
    "`np.isclose` adds a share of J* to ε by itself (its `rtol`), so large losses seem near. Write the inequality as it stands.",
    passes=("exactly_eps", "below_the_lowest", "constant_added"),
)
def close_by_numpy(J, J_star, eps):
    return J <= J_star or bool(np.isclose(J, J_star, atol=eps))


@near.pair("absolute-distance", "strictly-nearer", passes=("distance", "constant_added"))
def absolutely_and_strictly(J, J_star, eps):
    return abs(J - J_star) < eps


@near.right
def limit_on_the_right(J, J_star, eps):
    return J <= J_star + eps


@near.right
def not_farther(J, J_star, eps):
    return not J - J_star > eps


@near.right
def with_an_if(J, J_star, eps):
    distance = J - J_star
    return True if distance <= eps else False  # noqa: SIM210


@near.right
def as_a_numpy_number(J, J_star, eps):
    return np.less_equal(np.subtract(J, J_star), eps)


# The loss, as a share ---------------------------------------------------------------------------------------------------------

loss = Exercise(reference.loss_reduced)


def _share(label, J, J0, eps):
    return Call("loss_reduced", {"J": J, "J0": J0, "eps": eps}, label=label)


@loss.part("compares the loss with the share ε of the first one, large or small", weight=2)
def share_of_the_first(rng):
    J0, eps = _quarters(rng, 20, 60), float(rng.uniform(0.05, 0.3))
    return [
        _share("below the share", 0.9 * eps * J0, J0, eps),
        _share("above the share", 1.1 * eps * J0, J0, eps),
        _share("not reduced at all", J0, J0, eps),
        _share("reduced a little", 0.9 * J0, J0, eps),
        _share("below the share, huge losses", 0.9e9 * eps, 1e9, eps),
        _share("above the share, huge losses", 1.1e9 * eps, 1e9, eps),
        _share("below the share, tiny losses", 0.9e-9 * eps, 1e-9, eps),
        _share("above the share, tiny losses", 1.1e-9 * eps, 1e-9, eps),
        _share("more than it was", 3 * J0, J0, eps),
    ]


@loss.part("counts exactly the share ε as reduced")
def exactly_the_share(rng):
    J0 = _quarters(rng, 20, 60)
    return [
        _share("a quarter of J(θ_0), ε a quarter", QUARTER * J0, J0, QUARTER),
        _share("ε = 1, at the start", J0, J0, 1.0),
        _share("a half of J(θ_0), ε a quarter", HALF * J0, J0, QUARTER),
        _share("ε = 0, nothing left", 0.0, J0, 0.0),
    ]


@loss.part("stops at once where the first loss is zero already")
def nothing_to_reduce(rng):
    eps = float(rng.uniform(0.05, 0.3))
    return [
        _share("both losses zero", 0.0, 0.0, eps),
        _share("zero at first, and more now", float(rng.uniform(0.5, 2.0)), 0.0, eps),
    ]


@loss.property("says the same in whatever unit the loss is measured")
def unit_of_the_loss(student, rng):
    for ratio in (0.5, 1.5):
        J0, eps = float(rng.uniform(1, 9)), float(rng.uniform(0.05, 0.3))
        for unit in (1e-6, 1.0, 1e6):
            got = student.loss_reduced(J=ratio * eps * J0 * unit, J0=J0 * unit, eps=eps)
            same(got, ratio < 1, where=f"at {ratio:g} times the share, in units of {unit:g}")


@loss.mistake(
    "The loss is compared with ε itself. On the slide ε is a share of J(θ_0): look at the right side of the inequality.",
    passes=("nothing_to_reduce",),
)
def absolute_loss(J, J0, eps):
    return J <= eps


@loss.mistake(
    "Exactly the share ε is not enough here. The slide has ≤: look at the comparison.",
    passes=("share_of_the_first", "unit_of_the_loss"),
)
def strictly_less(J, J0, eps):
    return J < eps * J0


@loss.mistake(
    "It stops when the loss has fallen *by* the share ε. On the slide it must fall *to* that share. Look for 1 − ε, or for a "
    "difference.",
    passes=("nothing_to_reduce",),
)
def fallen_by(J, J0, eps):
    return J <= (1 - eps) * J0


@loss.mistake(
    "It asks whether the loss has changed by no more than ε: at the start that is always so. Look at the left side.",
    passes=("nothing_to_reduce",),
)
def hardly_changed(J, J0, eps):
    return abs(J - J0) <= eps * J0


@loss.mistake("J(θ) and J(θ_0) have changed places. Look at which of the two is multiplied by ε.")
def places_changed(J, J0, eps):
    return J0 <= eps * J


@loss.mistake("The answer is turned round: it says whether there is still a way to go. Look at the comparison.")
def still_high(J, J0, eps):
    return J > eps * J0


@loss.mistake(
    "J(θ_0) is subtracted, as J* is in the criterion before. Here it is multiplied by ε.",
    passes=("nothing_to_reduce",),
)
def distance_to_the_first(J, J0, eps):
    return J - J0 <= eps


@loss.mistake(
    "Where J(θ_0) is zero the quotient J/J(θ_0) does not exist: a run that starts at its minimum raises, or never stops. The "
    "slide has a product, which is always defined.",
    passes=("share_of_the_first", "exactly_the_share", "unit_of_the_loss"),
)
def by_a_quotient(J, J0, eps):
    return bool(np.float64(J) / np.float64(J0) <= eps)


@loss.pair("absolute-loss", "strictly-less", passes=("nothing_to_reduce",))
def absolute_and_strict(J, J0, eps):
    return J < eps


@loss.pair("hardly-changed", "strictly-less")
def changed_by_less(J, J0, eps):
    return abs(J - J0) < eps * J0


@loss.right
def limit_first(J, J0, eps):
    limit = J0 * eps
    return limit >= J


@loss.right
def quotient_where_there_is_one(J, J0, eps):
    return J / J0 <= eps if J0 > 0 else J <= 0


@loss.right
def not_more(J, J0, eps):
    return not J > eps * J0


@loss.right
def difference_below_zero(J, J0, eps):
    return np.float64(J) - eps * J0 <= 0


# The gradient, as a share -----------------------------------------------------------------------------------------------------

slope = Exercise(reference.gradient_reduced)


def _slope(label, gradient, gradient0, eps):
    return Call("gradient_reduced", {"gradient": gradient, "gradient0": gradient0, "eps": eps}, label=label)


def _long_and_short(rng, size, ratio):
    """Return a gradient with equal entries and one with a single large one, whose norm is `ratio` times that of the first.

    The largest entry of the second is the larger one, the sum of its entries the smaller: other norms see them the other way.
    """
    even = float(rng.uniform(2, 5)) * rng.choice([-1.0, 1.0], size=size)
    single = np.full(size, 1e-3)
    single[int(rng.integers(size))] = np.sqrt(size) * ratio * abs(even[0])
    return single, even


@slope.part("compares the Euclidean norm with the share ε of the first one", weight=2)
def share_of_the_norm(rng):
    eps = float(rng.uniform(0.1, 0.3))
    first = vector(rng, 4)
    single, even = _long_and_short(rng, 9, 0.9 * eps)
    longer, _ = _long_and_short(rng, 9, 1.15 * eps)
    turned = rng.permutation(even) * 1.0
    longer *= np.abs(even[0]) * 3 * 1.15 * eps / np.linalg.norm(longer)
    return [
        _slope("shorter than the share", -0.9 * eps * first, first, eps),
        _slope("longer than the share", 1.1 * eps * first[::-1].copy(), first, eps),
        _slope("as long as at the start", turned, even, eps),
        _slope("shorter, all of it in one entry", single, even, eps),
        _slope("longer, all of it in one entry", longer, even, eps),
        _slope(
            "shorter, evenly spread after a single entry",
            0.95 * eps * np.linalg.norm(single) * even / np.linalg.norm(even),
            single,
            eps,
        ),
        _slope(
            "longer, evenly spread after a single entry",
            1.2 * eps * np.linalg.norm(single) * even / np.linalg.norm(even),
            single,
            eps,
        ),
        _slope("steeper than at the start", 3 * first, first, eps),
    ]


@slope.part("says the same of huge and of tiny gradients")
def any_size(rng):
    eps = float(rng.uniform(0.1, 0.3))
    first = vector(rng, 3)
    return [
        _slope(f"{share} than the share, {size}", factor * eps * scale * first, scale * first, eps)
        for size, scale in (("huge gradients", 1e90), ("tiny gradients", 1e-90))
        for share, factor in (("shorter", 0.9), ("longer", 1.1))
    ]


@slope.part("counts exactly the share ε as reduced, and takes a first gradient of zero")
def exactly_the_norm(rng):
    three_four = 4.0 * np.array([3.0, -4.0]) * int(rng.integers(1, 5))
    return [
        _slope("a quarter of the norm, ε a quarter", QUARTER * np.abs(three_four), three_four, QUARTER),
        _slope("a half of the norm, ε a quarter", HALF * three_four, three_four, QUARTER),
        _slope("ε = 1, at the start", three_four, three_four, 1.0),
        _slope("no slope, neither now nor at the start", np.zeros(2), np.zeros(2), HALF),
        _slope("no slope at the start, and some now", three_four, np.zeros(2), HALF),
    ]


@slope.part("takes the norm over all entries, whatever the shape")
def any_shape(rng):
    eps = float(rng.uniform(0.1, 0.3))
    number = vector(rng)
    first = np.diag([1.0, 1.0, 1.0]) * float(rng.uniform(2, 5)) + 0.05 * vector(rng, 3, 3)
    norm = np.linalg.norm(first)
    # All of it along one row and column: its spectral norm is its Euclidean one, while that of the first is √3 smaller.
    outer = np.outer([1.0, 0.5, 0.25], [1.0, -0.5, 0.25])
    outer /= np.linalg.norm(outer)
    cube = vector(rng, 2, 2, 2)
    return [
        _slope("a number, shorter", np.asarray(-0.9 * eps * number), number, eps),
        _slope("a number, longer", np.asarray(-1.1 * eps * number), number, eps),
        _slope("a matrix, shorter", 0.9 * eps * norm * outer, first, eps),
        _slope("a matrix, longer", 1.1 * eps * norm * first[::-1] / norm, first, eps),
        _slope("a matrix, longer than the share of its largest singular value alone", 1.3 * eps * norm * outer, first, eps),
        _slope("three axes, longer", 1.1 * eps * cube, cube, eps),
        _slope("three axes, shorter", 0.9 * eps * cube, cube, eps),
    ]


@slope.property("says the same when both gradients are turned to other axes, as only the Euclidean norm does")
def turned_axes(student, rng):
    for ratio in (0.9, 1.1):
        eps, d = float(rng.uniform(0.1, 0.4)), 6
        first, now = vector(rng, d), vector(rng, d)
        now *= ratio * eps * np.linalg.norm(first) / np.linalg.norm(now)
        one, all_alike = np.eye(d)[0], rng.choice([-1.0, 1.0], size=d) / np.sqrt(d)
        pairs = [(np.linalg.norm(now) * a, np.linalg.norm(first) * b) for a, b in ((one, all_alike), (all_alike, one))]
        pairs += [tuple(np.linalg.qr(rng.normal(size=(d, d)))[0] @ x for x in (now, first)) for _ in range(3)]
        for gradient, gradient0 in pairs:
            got = student.gradient_reduced(gradient=gradient, gradient0=gradient0, eps=eps)
            same(got, ratio < 1, where=f"at {ratio:g} times the share")


@slope.mistake(
    "The norm is compared with ε itself. On the slide ε is a share of the norm at the start: look at the right side.",
)
def absolute_norm(gradient, gradient0, eps):
    return np.linalg.norm(gradient) <= eps


@slope.mistake(
    "Exactly the share ε is not enough here, and a run that starts where the gradient is zero never stops. The slide has ≤: "
    "look at the comparison.",
    passes=("share_of_the_norm", "any_size", "any_shape", "turned_axes"),
)
def strictly_shorter(gradient, gradient0, eps):
    return np.linalg.norm(gradient) < eps * np.linalg.norm(gradient0)


@slope.mistake(
    "Only the largest entry of each gradient is compared: the maximum norm. ‖·‖ on the slide is the Euclidean norm, the root of "
    "the sum of all squares.",
    passes=("any_size", "exactly_the_norm"),
)
def maximum_norm(gradient, gradient0, eps):
    return np.max(np.abs(gradient)) <= eps * np.max(np.abs(gradient0))


@slope.mistake(
    "The sizes of the entries are added up: the 1-norm. ‖·‖ on the slide is the Euclidean norm, the root of the sum of all "
    "squares.",
    passes=("any_size", "exactly_the_norm"),
)
def sum_norm(gradient, gradient0, eps):
    return np.sum(np.abs(gradient)) <= eps * np.sum(np.abs(gradient0))


@slope.mistake(
    "The root is missing: sums of squares are compared, and with the same ε that asks for less. Look at the definition of the "
    "norm; with squares, ε must be squared too.",
)
def root_forgotten(gradient, gradient0, eps):
    return np.sum(gradient**2) <= eps * np.sum(gradient0**2)


@slope.mistake(
    "The entries are added up with their signs, so that they cancel. A norm adds up squares.",
    passes=("any_size",),
)
def entries_cancel(gradient, gradient0, eps):
    return abs(np.sum(gradient)) <= eps * abs(np.sum(gradient0))


@slope.mistake(
    "Every entry must have fallen to the share ε of what that entry was. The criterion compares two lengths: an entry that was "
    "tiny at the start may stay as it is.",
    passes=("any_size", "exactly_the_norm"),
)
def entry_by_entry(gradient, gradient0, eps):
    return np.all(np.abs(gradient) <= eps * np.abs(gradient0))


@slope.mistake(
    "For a matrix this is the largest singular value, which `np.linalg.norm(…, 2)` means there. The criterion wants the root "
    "of the sum of all squares, whatever the shape: leave the 2 out, or flatten first.",
    passes=("share_of_the_norm", "any_size", "exactly_the_norm", "turned_axes"),
)
def spectral_norm(gradient, gradient0, eps):
    if np.ndim(gradient) == 2:
        return np.linalg.norm(gradient, 2) <= eps * np.linalg.norm(gradient0, 2)
    return np.linalg.norm(gradient) <= eps * np.linalg.norm(gradient0)


@slope.mistake(
    "It asks how far the gradient has moved away from the first one. Near a minimum that is the whole length of the first one, "
    "and never small. Look at what is inside of the norm.",
)
def moved_away(gradient, gradient0, eps):
    return np.linalg.norm(gradient - gradient0) <= eps * np.linalg.norm(gradient0)


@slope.mistake(
    "Where the first gradient is zero the quotient of the norms does not exist, and a run that starts at a minimum never stops. "
    "The slide has a product, which is always defined.",
    passes=("share_of_the_norm", "any_size", "any_shape", "turned_axes"),
)
def quotient_of_norms(gradient, gradient0, eps):
    return bool(np.linalg.norm(gradient) / np.linalg.norm(gradient0) <= eps)


@slope.mistake("The answer is turned round: it says whether there is still a slope. Look at the comparison.")
def still_steep(gradient, gradient0, eps):
    return np.linalg.norm(gradient) > eps * np.linalg.norm(gradient0)


@slope.mistake("The two gradients have changed places. Look at which of the norms is multiplied by ε.")
def gradients_changed_places(gradient, gradient0, eps):
    return np.linalg.norm(gradient0) <= eps * np.linalg.norm(gradient)


@slope.pair("root-forgotten", "strictly-shorter")
def squares_strictly_less(gradient, gradient0, eps):
    return np.sum(gradient**2) < eps * np.sum(gradient0**2)


@slope.right
def root_of_squares(gradient, gradient0, eps):
    return np.sqrt(np.sum(gradient**2)) <= eps * np.sqrt(np.sum(gradient0**2))


@slope.right
def squares_on_both_sides(gradient, gradient0, eps):
    return np.vdot(gradient, gradient) <= eps**2 * np.vdot(gradient0, gradient0)


@slope.right
def flattened(gradient, gradient0, eps):
    return bool(np.linalg.norm(np.ravel(gradient), 2) <= eps * np.linalg.norm(np.ravel(gradient0), 2))


@slope.right
def entry_after_entry(gradient, gradient0, eps):
    lengths = []
    for array in (gradient, gradient0):
        lengths.append(sum(float(entry) ** 2 for entry in np.ravel(array)) ** 0.5)
    return lengths[0] <= eps * lengths[1]


@slope.right
def root_mean_square(gradient, gradient0, eps):
    return np.sqrt(np.mean(np.square(gradient))) <= eps * np.sqrt(np.mean(np.square(gradient0)))


# The first reason -------------------------------------------------------------------------------------------------------------

HELPERS = (reference.budget_spent, reference.validation_worsened, reference.near_optimum, reference.loss_reduced)
reason_of = Exercise(reference.stop_reason, uses=(*HELPERS, reference.gradient_reduced))

LIMITS = ("max_iterations", "max_seconds", "patience", "J_star", "eps_optimum", "eps_loss", "eps_gradient")


class _Asked:
    """A state in which no criterion holds, and limits for all of them; the methods return what makes one hold."""

    def __init__(self, rng, *shape):
        self.rng = rng
        first = 4.0 * rng.integers(2, 9, size=shape or (3,)) * rng.choice([-1.0, 1.0], size=shape or (3,))
        self.J0 = _quarters(rng, 40, 80)
        self.state = {
            "iteration": int(rng.integers(10, 30)), "seconds": _quarters(rng, 4, 9), "J": HALF * self.J0, "J0": self.J0,
            "gradient": HALF * first, "gradient0": first, "validation": [9.0, 7.5, 8.0, 8.25, 6.0, 6.5],
        }  # fmt: skip
        self.limits = {
            "max_iterations": 50, "max_seconds": 60.0, "patience": 2, "J_star": _quarters(rng, 2, 5), "eps_optimum": HALF,
            "eps_loss": QUARTER, "eps_gradient": QUARTER / 2,
        }  # fmt: skip

    def call(self, label, *holding, without=(), only=None, **limits):
        """The question where these criteria hold, each of them exactly, and some limits are absent or changed."""
        state = dict(self.state)
        for criterion in holding:
            state |= getattr(self, criterion)(state)
        kept = {k: v for k, v in (self.limits | limits).items() if k not in without and (only is None or k in only)}
        return Call("stop_reason", {"state": state, "limits": kept}, label=label)

    def nan_loss(self, state):
        return {"J": float("nan")}

    def infinite_loss(self, state):
        return {"J": float("inf")}

    def nan_slope(self, state):
        return {"gradient": self._one_entry(state, np.nan)}

    def infinite_slope(self, state):
        return {"gradient": self._one_entry(state, -np.inf)}

    def _one_entry(self, state, value):
        gradient = np.array(state["gradient"])
        gradient.flat[-1] = value
        return gradient

    def iterations(self, state):
        return {"iteration": 50}

    def time(self, state):
        return {"seconds": 60.0}

    def validation(self, state):
        return {"validation": [9.0, 7.5, 8.0, 8.25, 6.0, 6.5, 6.25]}

    def optimum(self, state):
        return {"J": self.limits["J_star"] + HALF, "J0": 3 * (self.limits["J_star"] + HALF)}

    def loss(self, state):
        return {"J": QUARTER * self.J0, "J0": self.J0}

    def gradient(self, state):
        return {"gradient": QUARTER / 2 * state["gradient0"]}


@reason_of.part("names each criterion where it alone holds, even if just so, and says None where none does", weight=2)
def each_alone(rng):
    asked = _Asked(rng)
    matrix = _Asked(rng, 2, 3)
    return [
        asked.call("none holds"),
        asked.call("J is not a number", "nan_loss"),
        asked.call("as many steps as the limit says", "iterations"),
        asked.call("as much time as the limit says", "time"),
        asked.call("no new best for as long as patience says", "validation"),
        asked.call("at a distance of ε from J*", "optimum"),
        asked.call("the share ε of J(θ_0) left", "loss"),
        asked.call("the share ε of the norm left", "gradient"),
        matrix.call("theta a matrix, the share ε of the norm left", "gradient"),
        matrix.call("theta a matrix, none holds"),
    ]


@reason_of.part("names the first in the order where several hold", weight=2)
def first_in_order(rng):
    asked = _Asked(rng)
    # Within ε of J* and at the share ε of J(θ_0): the optimum's J0 is replaced by one that makes both hold.
    both = {"J_star": QUARTER * asked.J0 - HALF}
    return [
        asked.call("diverged, and the budget spent", "iterations", "nan_loss"),
        asked.call("diverged, and validation worse", "validation", "infinite_slope"),
        asked.call("the budget spent, and validation worse", "iterations", "validation"),
        asked.call("the budget spent, and the gradient short", "time", "gradient"),
        asked.call("validation worse, near the optimum", "validation", "optimum"),
        asked.call("validation worse, and the loss reduced", "validation", "loss"),
        asked.call("near the optimum, and the loss reduced", "loss", **both),
        asked.call("near the optimum, and the gradient short", "gradient", "optimum"),
        asked.call("the loss reduced, and the gradient short", "loss", "gradient"),
        asked.call("all but diverged", "iterations", "time", "validation", "loss", "gradient", **both),
        asked.call("none", only=LIMITS),
    ]


@reason_of.part("never stops by a limit that is absent")
def absent_limits(rng):
    asked = _Asked(rng)
    # With zeros for what is absent: no slope, no steps, no loss.
    still = {"J": 0.0, "gradient": np.zeros(3), "gradient0": np.zeros(3), "J0": 0.0}
    return [
        asked.call("no limits, all criteria would hold", "iterations", "time", "validation", "loss", "gradient", only=()),
        asked.call("no limits, J infinite", "infinite_loss", only=()),
        asked.call("no patience, validation worse", "validation", without=("patience",)),
        asked.call("no ε for the optimum, J at J*", "optimum", without=("eps_optimum",)),
        asked.call("no J*, an ε for the optimum", "optimum", without=("J_star",), eps_optimum=1e6),
        asked.call("a limit on time alone, many steps made", "iterations", only=("max_seconds",)),
        asked.call("a limit on steps alone, much time spent", "time", only=("max_iterations",)),
        asked.call("a limit on steps alone, reached", "iterations", only=("max_iterations",)),
        asked.call("an ε for the gradient alone, the loss reduced", "loss", only=("eps_gradient",)),
        asked.call("an ε for the gradient alone, the gradient short", "gradient", only=("eps_gradient",)),
        Call("stop_reason", {"state": asked.state | still, "limits": {"max_iterations": 50, "max_seconds": 60.0}},
             label="a limit on steps and time, nothing to reduce"),
    ]  # fmt: skip


@reason_of.part("takes a limit of zero for a limit")
def zero_limits(rng):
    asked = _Asked(rng)
    zero = {"J": 0.0, "J0": 8.0}

    def call(label, changes, **limits):
        return Call("stop_reason", {"state": asked.state | changes, "limits": limits}, label=label)

    return [
        call("J* = 0, J within ε of it", {"J": QUARTER}, J_star=0.0, eps_optimum=HALF),
        call("J* = 0, J farther than ε from it", {}, J_star=0.0, eps_optimum=HALF),
        call("ε = 0 for the optimum, J at J*", {"J": 3.0}, J_star=3.0, eps_optimum=0.0),
        call("no steps allowed, none made", {"iteration": 0}, max_iterations=0),
        call("no time allowed, none spent", {"seconds": 0.0}, max_seconds=0.0),
        call("ε = 0 for the loss, no loss left", zero, eps_loss=0.0),
        call("ε = 0 for the gradient, no slope left", {"gradient": np.zeros(3)}, eps_gradient=0.0),
        call("ε = 0 for the gradient, some slope left", {}, eps_gradient=0.0),
    ]


@reason_of.part("calls it diverged when J or any entry of the gradient is not finite")
def not_finite(rng):
    asked, number = _Asked(rng), _Asked(rng, 1)
    number.state |= {"gradient": np.array(2.0), "gradient0": np.array(4.0)}
    return [
        asked.call("J not a number", "nan_loss"),
        asked.call("J infinite", "infinite_loss"),
        asked.call("one entry of the gradient not a number", "nan_slope"),
        asked.call("one entry of the gradient infinite", "infinite_slope"),
        asked.call("both", "infinite_loss", "infinite_slope"),
        number.call("theta a number, its gradient finite"),
        Call("stop_reason", {"state": number.state | {"gradient": np.array(np.nan)}, "limits": {}},
             label="theta a number, its gradient not a number"),
        asked.call("no limits, all finite", only=()),
    ]  # fmt: skip


@reason_of.mistake(
    "A run that has diverged goes on: every comparison with NaN is false, so none of the five criteria ever stops it. Look at J "
    "and the gradient before all others.",
    passes=("zero_limits",),
)
def nan_goes_on(state, limits):
    if budget_spent(state["iteration"], state["seconds"], limits.get("max_iterations", np.inf), limits.get("max_seconds", np.inf)):
        return "budget"
    if "patience" in limits and validation_worsened(state["validation"], limits["patience"]):
        return "validation"
    if "J_star" in limits and "eps_optimum" in limits and near_optimum(state["J"], limits["J_star"], limits["eps_optimum"]):
        return "optimum"
    if "eps_loss" in limits and loss_reduced(state["J"], state["J0"], limits["eps_loss"]):
        return "loss"
    if "eps_gradient" in limits and gradient_reduced(state["gradient"], state["gradient0"], limits["eps_gradient"]):
        return "gradient"
    return None


@reason_of.mistake(
    "Only J is looked at. The gradient can overflow while J is still a number, and then the next step is lost. Look at both.",
    passes=(
        "each_alone",
        "absent_limits",
        "zero_limits",
    ),
)
def loss_alone(state, limits):
    if not np.isfinite(state["J"]):
        return "diverged"
    if budget_spent(state["iteration"], state["seconds"], limits.get("max_iterations", np.inf), limits.get("max_seconds", np.inf)):
        return "budget"
    if "patience" in limits and validation_worsened(state["validation"], limits["patience"]):
        return "validation"
    if "J_star" in limits and "eps_optimum" in limits and near_optimum(state["J"], limits["J_star"], limits["eps_optimum"]):
        return "optimum"
    if "eps_loss" in limits and loss_reduced(state["J"], state["J0"], limits["eps_loss"]):
        return "loss"
    if "eps_gradient" in limits and gradient_reduced(state["gradient"], state["gradient0"], limits["eps_gradient"]):
        return "gradient"
    return None


@reason_of.mistake(
    "Only the gradient is looked at. J can overflow, or be no number, while the gradient is still finite. Look at both.",
    passes=("zero_limits",),
)
def gradient_alone(state, limits):
    if not np.all(np.isfinite(state["gradient"])):
        return "diverged"
    if budget_spent(state["iteration"], state["seconds"], limits.get("max_iterations", np.inf), limits.get("max_seconds", np.inf)):
        return "budget"
    if "patience" in limits and validation_worsened(state["validation"], limits["patience"]):
        return "validation"
    if "J_star" in limits and "eps_optimum" in limits and near_optimum(state["J"], limits["J_star"], limits["eps_optimum"]):
        return "optimum"
    if "eps_loss" in limits and loss_reduced(state["J"], state["J0"], limits["eps_loss"]):
        return "loss"
    if "eps_gradient" in limits and gradient_reduced(state["gradient"], state["gradient0"], limits["eps_gradient"]):
        return "gradient"
    return None


@reason_of.mistake(
    "NaN is found, and infinity is not. A run that diverges is infinite first, and NaN only a step later. Look for a function "
    "that is true of finite numbers alone.",
    passes=(
        "each_alone",
        "zero_limits",
    ),
)
def infinity_goes_on(state, limits):
    if np.isnan(state["J"]) or np.any(np.isnan(state["gradient"])):
        return "diverged"
    if budget_spent(state["iteration"], state["seconds"], limits.get("max_iterations", np.inf), limits.get("max_seconds", np.inf)):
        return "budget"
    if "patience" in limits and validation_worsened(state["validation"], limits["patience"]):
        return "validation"
    if "J_star" in limits and "eps_optimum" in limits and near_optimum(state["J"], limits["J_star"], limits["eps_optimum"]):
        return "optimum"
    if "eps_loss" in limits and loss_reduced(state["J"], state["J0"], limits["eps_loss"]):
        return "loss"
    if "eps_gradient" in limits and gradient_reduced(state["gradient"], state["gradient0"], limits["eps_gradient"]):
        return "gradient"
    return None


@reason_of.mistake(
    "One finite entry of the gradient is enough here to go on. A single one that is not finite spoils the next step: look at "
    "`any` and `all`.",
    passes=(
        "each_alone",
        "absent_limits",
        "zero_limits",
    ),
)
def one_finite_entry(state, limits):
    if not (np.isfinite(state["J"]) and np.any(np.isfinite(state["gradient"]))):
        return "diverged"
    if budget_spent(state["iteration"], state["seconds"], limits.get("max_iterations", np.inf), limits.get("max_seconds", np.inf)):
        return "budget"
    if "patience" in limits and validation_worsened(state["validation"], limits["patience"]):
        return "validation"
    if "J_star" in limits and "eps_optimum" in limits and near_optimum(state["J"], limits["J_star"], limits["eps_optimum"]):
        return "optimum"
    if "eps_loss" in limits and loss_reduced(state["J"], state["J0"], limits["eps_loss"]):
        return "loss"
    if "eps_gradient" in limits and gradient_reduced(state["gradient"], state["gradient0"], limits["eps_gradient"]):
        return "gradient"
    return None


@reason_of.mistake(
    "Whether the run has diverged is asked last. Of a diverged run the other answers mean nothing, so it comes first in the order.",
    passes=(
        "each_alone",
        "absent_limits",
        "zero_limits",
        "not_finite",
    ),
)
def diverged_last(state, limits):
    if budget_spent(state["iteration"], state["seconds"], limits.get("max_iterations", np.inf), limits.get("max_seconds", np.inf)):
        return "budget"
    if "patience" in limits and validation_worsened(state["validation"], limits["patience"]):
        return "validation"
    if "J_star" in limits and "eps_optimum" in limits and near_optimum(state["J"], limits["J_star"], limits["eps_optimum"]):
        return "optimum"
    if "eps_loss" in limits and loss_reduced(state["J"], state["J0"], limits["eps_loss"]):
        return "loss"
    if "eps_gradient" in limits and gradient_reduced(state["gradient"], state["gradient0"], limits["eps_gradient"]):
        return "gradient"
    if not np.isfinite(state["J"]) or not np.all(np.isfinite(state["gradient"])):
        return "diverged"
    return None


@reason_of.mistake(
    "The budget is asked last. In the order it comes right after divergence: when it is spent, the run ends whatever else holds.",
    passes=(
        "each_alone",
        "absent_limits",
        "zero_limits",
        "not_finite",
    ),
)
def budget_last(state, limits):
    if not np.isfinite(state["J"]) or not np.all(np.isfinite(state["gradient"])):
        return "diverged"
    if "patience" in limits and validation_worsened(state["validation"], limits["patience"]):
        return "validation"
    if "J_star" in limits and "eps_optimum" in limits and near_optimum(state["J"], limits["J_star"], limits["eps_optimum"]):
        return "optimum"
    if "eps_loss" in limits and loss_reduced(state["J"], state["J0"], limits["eps_loss"]):
        return "loss"
    if "eps_gradient" in limits and gradient_reduced(state["gradient"], state["gradient0"], limits["eps_gradient"]):
        return "gradient"
    if budget_spent(state["iteration"], state["seconds"], limits.get("max_iterations", np.inf), limits.get("max_seconds", np.inf)):
        return "budget"
    return None


@reason_of.mistake(
    "Validation is asked after the criteria on J and its gradient. In the order it comes before them: look at the list in the "
    "docstring.",
    passes=(
        "each_alone",
        "absent_limits",
        "zero_limits",
        "not_finite",
    ),
)
def validation_last(state, limits):
    if not np.isfinite(state["J"]) or not np.all(np.isfinite(state["gradient"])):
        return "diverged"
    if budget_spent(state["iteration"], state["seconds"], limits.get("max_iterations", np.inf), limits.get("max_seconds", np.inf)):
        return "budget"
    if "J_star" in limits and "eps_optimum" in limits and near_optimum(state["J"], limits["J_star"], limits["eps_optimum"]):
        return "optimum"
    if "eps_loss" in limits and loss_reduced(state["J"], state["J0"], limits["eps_loss"]):
        return "loss"
    if "eps_gradient" in limits and gradient_reduced(state["gradient"], state["gradient0"], limits["eps_gradient"]):
        return "gradient"
    if "patience" in limits and validation_worsened(state["validation"], limits["patience"]):
        return "validation"
    return None


@reason_of.mistake(
    "The share of J(θ_0) is asked before the distance to J*. The order is that of the slide: look at the list in the docstring.",
    passes=(
        "each_alone",
        "absent_limits",
        "zero_limits",
        "not_finite",
    ),
)
def loss_before_optimum(state, limits):
    if not np.isfinite(state["J"]) or not np.all(np.isfinite(state["gradient"])):
        return "diverged"
    if budget_spent(state["iteration"], state["seconds"], limits.get("max_iterations", np.inf), limits.get("max_seconds", np.inf)):
        return "budget"
    if "patience" in limits and validation_worsened(state["validation"], limits["patience"]):
        return "validation"
    if "eps_loss" in limits and loss_reduced(state["J"], state["J0"], limits["eps_loss"]):
        return "loss"
    if "J_star" in limits and "eps_optimum" in limits and near_optimum(state["J"], limits["J_star"], limits["eps_optimum"]):
        return "optimum"
    if "eps_gradient" in limits and gradient_reduced(state["gradient"], state["gradient0"], limits["eps_gradient"]):
        return "gradient"
    return None


@reason_of.mistake(
    "The gradient is asked before the loss. The order is that of the slide: look at the list in the docstring.",
    passes=(
        "each_alone",
        "absent_limits",
        "zero_limits",
        "not_finite",
    ),
)
def gradient_before_loss(state, limits):
    if not np.isfinite(state["J"]) or not np.all(np.isfinite(state["gradient"])):
        return "diverged"
    if budget_spent(state["iteration"], state["seconds"], limits.get("max_iterations", np.inf), limits.get("max_seconds", np.inf)):
        return "budget"
    if "patience" in limits and validation_worsened(state["validation"], limits["patience"]):
        return "validation"
    if "J_star" in limits and "eps_optimum" in limits and near_optimum(state["J"], limits["J_star"], limits["eps_optimum"]):
        return "optimum"
    if "eps_gradient" in limits and gradient_reduced(state["gradient"], state["gradient0"], limits["eps_gradient"]):
        return "gradient"
    if "eps_loss" in limits and loss_reduced(state["J"], state["J0"], limits["eps_loss"]):
        return "loss"
    return None


@reason_of.mistake(
    "Where several criteria hold, the last one is named: each overwrites the one before. Leave the function at the first, or "
    "ask in the opposite order.",
    passes=(
        "each_alone",
        "absent_limits",
        "zero_limits",
        "not_finite",
    ),
)
def last_one_wins(state, limits):
    reason = None
    if not np.isfinite(state["J"]) or not np.all(np.isfinite(state["gradient"])):
        reason = "diverged"
    if budget_spent(state["iteration"], state["seconds"], limits.get("max_iterations", np.inf), limits.get("max_seconds", np.inf)):
        reason = "budget"
    if "patience" in limits and validation_worsened(state["validation"], limits["patience"]):
        reason = "validation"
    if "J_star" in limits and "eps_optimum" in limits and near_optimum(state["J"], limits["J_star"], limits["eps_optimum"]):
        reason = "optimum"
    if "eps_loss" in limits and loss_reduced(state["J"], state["J0"], limits["eps_loss"]):
        reason = "loss"
    if "eps_gradient" in limits and gradient_reduced(state["gradient"], state["gradient0"], limits["eps_gradient"]):
        reason = "gradient"
    return reason


@reason_of.mistake(
    "A limit that is absent raises KeyError. Any of them may be missing: ask whether the name is in `limits` before you take "
    "its value.",
    passes=(
        "each_alone",
        "first_in_order",
    ),
)
def absent_limit_raises(state, limits):
    if not np.isfinite(state["J"]) or not np.all(np.isfinite(state["gradient"])):
        return "diverged"
    if budget_spent(state["iteration"], state["seconds"], limits["max_iterations"], limits["max_seconds"]):
        return "budget"
    if validation_worsened(state["validation"], limits["patience"]):
        return "validation"
    if near_optimum(state["J"], limits["J_star"], limits["eps_optimum"]):
        return "optimum"
    if loss_reduced(state["J"], state["J0"], limits["eps_loss"]):
        return "loss"
    if gradient_reduced(state["gradient"], state["gradient0"], limits["eps_gradient"]):
        return "gradient"
    return None


@reason_of.mistake(
    "A limit that is absent is taken for zero, as by `limits.get(name, 0)`. Zero is a limit too: no step is allowed, or nothing "
    "may be left. Absent means that the criterion is not asked.",
    passes=(
        "each_alone",
        "first_in_order",
        "not_finite",
    ),
)
def absent_is_zero(state, limits):
    if not np.isfinite(state["J"]) or not np.all(np.isfinite(state["gradient"])):
        return "diverged"
    if budget_spent(state["iteration"], state["seconds"], limits.get("max_iterations", np.inf), limits.get("max_seconds", np.inf)):
        return "budget"
    if "patience" in limits and validation_worsened(state["validation"], limits["patience"]):
        return "validation"
    if near_optimum(state["J"], limits.get("J_star", 0), limits.get("eps_optimum", 0)):
        return "optimum"
    if loss_reduced(state["J"], state["J0"], limits.get("eps_loss", 0)):
        return "loss"
    if gradient_reduced(state["gradient"], state["gradient0"], limits.get("eps_gradient", 0)):
        return "gradient"
    return None


@reason_of.mistake(
    "A limit of zero is taken for one that is absent. In Python 0 counts as false: look for an `if` on the value of a limit, "
    "and ask whether its name is in the dict instead. J* is often zero.",
    passes=(
        "each_alone",
        "first_in_order",
        "absent_limits",
        "not_finite",
    ),
)
def zero_is_absent(state, limits):
    if not np.isfinite(state["J"]) or not np.all(np.isfinite(state["gradient"])):
        return "diverged"
    if budget_spent(
        state["iteration"], state["seconds"], limits.get("max_iterations") or np.inf, limits.get("max_seconds") or np.inf
    ):
        return "budget"
    if limits.get("patience") and validation_worsened(state["validation"], limits["patience"]):
        return "validation"
    if limits.get("J_star") and limits.get("eps_optimum") and near_optimum(state["J"], limits["J_star"], limits["eps_optimum"]):
        return "optimum"
    if limits.get("eps_loss") and loss_reduced(state["J"], state["J0"], limits["eps_loss"]):
        return "loss"
    if limits.get("eps_gradient") and gradient_reduced(state["gradient"], state["gradient0"], limits["eps_gradient"]):
        return "gradient"
    return None


@reason_of.mistake(
    "An ε for the optimum is enough here, and J* is taken for zero where it is not given. The lowest loss is not known then, "
    "and the criterion cannot be asked.",
    passes=(
        "each_alone",
        "first_in_order",
        "zero_limits",
        "not_finite",
    ),
)
def optimum_without_its_place(state, limits):
    if not np.isfinite(state["J"]) or not np.all(np.isfinite(state["gradient"])):
        return "diverged"
    if budget_spent(state["iteration"], state["seconds"], limits.get("max_iterations", np.inf), limits.get("max_seconds", np.inf)):
        return "budget"
    if "patience" in limits and validation_worsened(state["validation"], limits["patience"]):
        return "validation"
    if "eps_optimum" in limits and near_optimum(state["J"], limits.get("J_star", 0.0), limits["eps_optimum"]):
        return "optimum"
    if "eps_loss" in limits and loss_reduced(state["J"], state["J0"], limits["eps_loss"]):
        return "loss"
    if "eps_gradient" in limits and gradient_reduced(state["gradient"], state["gradient0"], limits["eps_gradient"]):
        return "gradient"
    return None


@reason_of.mistake(
    "The gradient is compared with the limit of the loss. Each has an ε of its own: look at the names of the limits.",
    passes=(
        "each_alone",
        "first_in_order",
        "not_finite",
    ),
)
def one_epsilon_for_two(state, limits):
    if not np.isfinite(state["J"]) or not np.all(np.isfinite(state["gradient"])):
        return "diverged"
    if budget_spent(state["iteration"], state["seconds"], limits.get("max_iterations", np.inf), limits.get("max_seconds", np.inf)):
        return "budget"
    if "patience" in limits and validation_worsened(state["validation"], limits["patience"]):
        return "validation"
    if "J_star" in limits and "eps_optimum" in limits and near_optimum(state["J"], limits["J_star"], limits["eps_optimum"]):
        return "optimum"
    if "eps_loss" in limits and loss_reduced(state["J"], state["J0"], limits["eps_loss"]):
        return "loss"
    if "eps_loss" in limits and gradient_reduced(state["gradient"], state["gradient0"], limits["eps_loss"]):
        return "gradient"
    return None


@reason_of.mistake("A list of all criteria that hold comes back. One name is wanted, that of the first, or None.")
def all_that_hold(state, limits):
    found = []
    if not np.isfinite(state["J"]) or not np.all(np.isfinite(state["gradient"])):
        found.append("diverged")
    if budget_spent(state["iteration"], state["seconds"], limits.get("max_iterations", np.inf), limits.get("max_seconds", np.inf)):
        found.append("budget")
    if "patience" in limits and validation_worsened(state["validation"], limits["patience"]):
        found.append("validation")
    if "J_star" in limits and "eps_optimum" in limits and near_optimum(state["J"], limits["J_star"], limits["eps_optimum"]):
        found.append("optimum")
    if "eps_loss" in limits and loss_reduced(state["J"], state["J0"], limits["eps_loss"]):
        found.append("loss")
    if "eps_gradient" in limits and gradient_reduced(state["gradient"], state["gradient0"], limits["eps_gradient"]):
        found.append("gradient")
    return found


@reason_of.mistake(
    "Where no criterion holds False comes back, and None is wanted. Look at the last line, or leave it out: a function without "
    "a return returns None.",
)
def false_for_none(state, limits):
    if not np.isfinite(state["J"]) or not np.all(np.isfinite(state["gradient"])):
        return "diverged"
    if budget_spent(state["iteration"], state["seconds"], limits.get("max_iterations", np.inf), limits.get("max_seconds", np.inf)):
        return "budget"
    if "patience" in limits and validation_worsened(state["validation"], limits["patience"]):
        return "validation"
    if "J_star" in limits and "eps_optimum" in limits and near_optimum(state["J"], limits["J_star"], limits["eps_optimum"]):
        return "optimum"
    if "eps_loss" in limits and loss_reduced(state["J"], state["J0"], limits["eps_loss"]):
        return "loss"
    if "eps_gradient" in limits and gradient_reduced(state["gradient"], state["gradient0"], limits["eps_gradient"]):
        return "gradient"
    return False


@reason_of.pair("loss-alone", "infinity-goes-on", passes=("each_alone", "zero_limits"))
def only_a_loss_that_is_nan(state, limits):
    if np.isnan(state["J"]):
        return "diverged"
    if budget_spent(state["iteration"], state["seconds"], limits.get("max_iterations", np.inf), limits.get("max_seconds", np.inf)):
        return "budget"
    if "patience" in limits and validation_worsened(state["validation"], limits["patience"]):
        return "validation"
    if "J_star" in limits and "eps_optimum" in limits and near_optimum(state["J"], limits["J_star"], limits["eps_optimum"]):
        return "optimum"
    if "eps_loss" in limits and loss_reduced(state["J"], state["J0"], limits["eps_loss"]):
        return "loss"
    if "eps_gradient" in limits and gradient_reduced(state["gradient"], state["gradient0"], limits["eps_gradient"]):
        return "gradient"
    return None


@reason_of.pair("nan-goes-on", "absent-limit-raises")
def every_limit_and_no_nan(state, limits):
    if budget_spent(state["iteration"], state["seconds"], limits["max_iterations"], limits["max_seconds"]):
        return "budget"
    if validation_worsened(state["validation"], limits["patience"]):
        return "validation"
    if near_optimum(state["J"], limits["J_star"], limits["eps_optimum"]):
        return "optimum"
    if loss_reduced(state["J"], state["J0"], limits["eps_loss"]):
        return "loss"
    if gradient_reduced(state["gradient"], state["gradient0"], limits["eps_gradient"]):
        return "gradient"
    return None


@reason_of.right
def one_if_after_the_other(state, limits):
    if not np.isfinite(state["J"]) or not np.all(np.isfinite(state["gradient"])):
        return "diverged"
    if budget_spent(state["iteration"], state["seconds"], limits.get("max_iterations", np.inf), limits.get("max_seconds", np.inf)):
        return "budget"
    if "patience" in limits and validation_worsened(state["validation"], limits["patience"]):
        return "validation"
    if "J_star" in limits and "eps_optimum" in limits and near_optimum(state["J"], limits["J_star"], limits["eps_optimum"]):
        return "optimum"
    if "eps_loss" in limits and loss_reduced(state["J"], state["J0"], limits["eps_loss"]):
        return "loss"
    if "eps_gradient" in limits and gradient_reduced(state["gradient"], state["gradient0"], limits["eps_gradient"]):
        return "gradient"
    return None


@reason_of.right
def table_of_questions(state, limits):
    absent = float("inf")
    questions = {
        "diverged": lambda: not np.all(np.isfinite(np.append(state["gradient"], state["J"]))),
        "budget": lambda: budget_spent(
            state["iteration"], state["seconds"], limits.get("max_iterations", absent), limits.get("max_seconds", absent)
        ),
        "validation": lambda: validation_worsened(state["validation"], limits["patience"]),
        "optimum": lambda: near_optimum(state["J"], limits["J_star"], limits["eps_optimum"]),
        "loss": lambda: loss_reduced(state["J"], state["J0"], limits["eps_loss"]),
        "gradient": lambda: gradient_reduced(state["gradient"], state["gradient0"], limits["eps_gradient"]),
    }
    for name, question in questions.items():
        try:
            if question():
                return name
        except KeyError:
            pass
    return None


@reason_of.right
def overwritten_from_the_end(state, limits):
    reason = None
    if limits.get("eps_gradient") is not None and gradient_reduced(state["gradient"], state["gradient0"], limits["eps_gradient"]):
        reason = "gradient"
    if limits.get("eps_loss") is not None and loss_reduced(state["J"], state["J0"], limits["eps_loss"]):
        reason = "loss"
    star, eps = limits.get("J_star"), limits.get("eps_optimum")
    if star is not None and eps is not None and near_optimum(state["J"], star, eps):
        reason = "optimum"
    if validation_worsened(state["validation"], limits.get("patience", 10**4)):
        reason = "validation"
    if state["iteration"] >= limits.get("max_iterations", np.inf) or state["seconds"] >= limits.get("max_seconds", np.inf):
        reason = "budget"
    if not np.isfinite(state["J"] + np.sum(np.abs(state["gradient"]))):
        reason = "diverged"
    return reason


@reason_of.right
def first_of_a_list(state, limits):
    never = {"max_iterations": np.inf, "max_seconds": np.inf, "patience": np.inf, "J_star": -np.inf}
    never |= {"eps_optimum": -np.inf, "eps_loss": -np.inf, "eps_gradient": -np.inf}
    limit = never | limits
    since = len(state["validation"]) - 1 - np.argmin(state["validation"]) if state["validation"] else 0
    size, size0 = np.sqrt(np.sum(state["gradient"] ** 2)), np.sqrt(np.sum(state["gradient0"] ** 2))
    answers = [
        ("diverged", not (np.isfinite(state["J"]) and np.isfinite(state["gradient"]).all())),
        ("budget", state["iteration"] >= limit["max_iterations"] or state["seconds"] >= limit["max_seconds"]),
        ("validation", since >= limit["patience"]),
        ("optimum", {"J_star", "eps_optimum"} <= set(limits) and state["J"] <= limit["J_star"] + limit["eps_optimum"]),
        ("loss", "eps_loss" in limits and state["J"] <= limit["eps_loss"] * state["J0"]),
        ("gradient", "eps_gradient" in limits and size <= limit["eps_gradient"] * size0),
    ]
    return next((name for name, holds in answers if holds), None)


# The whole run ----------------------------------------------------------------------------------------------------------------

run = Exercise(reference.minimize, uses=(*reason_of.uses, reference.stop_reason))

STEPS = 12  # as many as the schedules below have rates for, with one to spare on each side


class _Valley:
    """A quadratic, a schedule that descends in it without overshooting, and the points, losses and slopes of that walk."""

    def __init__(self, rng, theta0=None):
        parameters = {"hessian": hessian(rng, 2, 0.8, 2.5), "minimum": vector(rng, 2)}
        self.schedule = ScheduleOf(tuple(rates(rng, STEPS + 2, 0.12, 0.35)))
        self.J, self.gradient_of = ValueOf("quadratic", parameters), GradientOf("quadratic", parameters)
        self.theta0 = parameters["minimum"] + 2 * vector(rng, 2) if theta0 is None else theta0
        J, gradient_of = self.J.build("J"), self.gradient_of.build("gradient_of")
        self.points = [np.array(self.theta0, dtype=float)]
        for t in range(1, STEPS + 1):
            self.points.append(self.points[-1] - self.schedule.values[t] * gradient_of(self.points[-1]))
        self.losses = np.array([J(point) for point in self.points])
        self.norms = np.array([np.linalg.norm(gradient_of(point)) for point in self.points])

    def call(self, label, limits, **more):
        arguments = {"J": self.J, "gradient_of": self.gradient_of, "theta0": self.theta0, "schedule": self.schedule}
        return Call("minimize", arguments | {"limits": limits} | more, label=label)

    def nearest(self, k):
        """A validation loss that is lowest at point k, and what it is at each point; None where it does not fall and rise once."""
        heights = [float(np.sum((point - self.points[k]) ** 2) / 2) for point in self.points]
        once = all(np.diff(heights[: k + 1]) < 0) and all(np.diff(heights[k:]) > 0)
        return ({"hessian": np.eye(2), "minimum": self.points[k]}, heights) if once else None


def _between(values, k):
    """Return a limit that values[k] is the first to meet, as far from both as can be."""
    return float(np.sqrt(values[k - 1] * values[k]))


def _with_validation(rng, k):
    while True:
        valley = _Valley(rng)
        if found := valley.nearest(k):
            return valley, *found


@run.part("stops at the step at which the first criterion holds, says which, and returns where it stands", weight=2)
def each_reason(rng):
    valley = _Valley(rng)
    J0, norm0 = valley.losses[0], valley.norms[0]
    return [
        valley.call("a limit of four steps", {"max_iterations": 4}),
        valley.call("near the optimum", {"J_star": 0.0, "eps_optimum": _between(valley.losses, 3), "max_iterations": 9}),
        valley.call("the loss reduced, no other limit", {"eps_loss": _between(valley.losses, 5) / J0}),
        valley.call("the gradient short, no other limit", {"eps_gradient": _between(valley.norms, 6) / norm0}),
        valley.call(
            "the gradient short before the limit on steps",
            {"eps_gradient": _between(valley.norms, 2) / norm0, "eps_loss": 1e-12, "max_iterations": 8},
        ),
    ]


@run.part("returns the best validated point if validation stopped it, and only then", weight=2)
def best_validated(rng):
    k = int(rng.integers(2, 5))
    valley, parameters, heights = _with_validation(rng, k)
    plain, coarse = ValueOf("quadratic", parameters), ValueOf("quadratic", parameters, grain=1.5 * heights[k + 1])
    return [
        valley.call("validation worse for three steps", {"patience": 3}, validation=plain),
        valley.call("validation worse for one step", {"patience": 1, "max_iterations": 9}, validation=plain),
        valley.call("the lowest validation loss met twice", {"patience": 4}, validation=coarse),
        valley.call("validation worse, but the budget ends first", {"patience": 5, "max_iterations": k + 3}, validation=plain),
        valley.call(
            "validation worse, but the gradient ends first",
            {"patience": 5, "eps_gradient": _between(valley.norms, k + 2) / valley.norms[0]}, validation=plain,
        ),
    ]  # fmt: skip


@run.part("asks before the first step")
def before_the_first(rng):
    valley = _Valley(rng)
    at_rest = _Valley(rng)
    at_rest.theta0 = at_rest.J.parameters["minimum"]
    return [
        valley.call("no step allowed", {"max_iterations": 0}),
        valley.call("the start is good enough", {"J_star": 0.0, "eps_optimum": 1.5 * valley.losses[0], "max_iterations": 5}),
        valley.call("ε = 1 for the gradient", {"eps_gradient": 1.0, "max_iterations": 5}),
        at_rest.call("the start is the minimum", {"eps_gradient": 0.01, "max_iterations": 5}),
        valley.call("one step allowed", {"max_iterations": 1}),
    ]


@run.part("stops when the time is spent, whatever the clock showed at the beginning")
def by_the_clock(rng):
    valley = _Valley(rng)
    k, ticks = int(rng.integers(2, 6)), {"start": float(rng.integers(10**5, 10**6)), "tick": 2.0**-10}
    half_an_hour = {"max_seconds": 1800.0, "max_iterations": 8}
    return [
        valley.call(f"step {k} takes an hour", half_an_hour, clock=ClockOf(**ticks, slow="schedule", calls=k, jump=3600.0)),
        valley.call("no step takes long", half_an_hour, clock=ClockOf(**ticks)),
        valley.call(
            "a minute", {"max_seconds": 60.0, "max_iterations": 10}, clock=ClockOf(**ticks, slow="schedule", calls=k + 1, jump=61.0)
        ),
    ]


@run.part("returns the last point before it diverged", weight=1)
def diverges(rng):
    def well(label, limits, **more):
        schedule = ScheduleOf(tuple(rates(rng, STEPS + 2, 1.5, 3.0)))
        arguments = {"J": ValueOf("double_well"), "gradient_of": GradientOf("double_well"), "schedule": schedule}
        theta0 = np.array(rng.uniform(2.0, 3.0))
        return Call("minimize", arguments | {"theta0": theta0, "limits": limits} | more, label=label)

    return [
        well("a rate that is far too large", {"max_iterations": STEPS}),
        well("no limits at all", {}),
        well("with validation losses", {"patience": STEPS, "max_iterations": STEPS}, validation=ValueOf("double_well")),
    ]


@run.part("works for a single number, and for whole numbers")
def other_thetas(rng):
    well = {"J": ValueOf("double_well"), "gradient_of": GradientOf("double_well"), "theta0": np.array(rng.uniform(1.5, 1.9))}
    well |= {"schedule": ScheduleOf(tuple(rates(rng, STEPS + 2, 0.05, 0.2))), "limits": {"max_iterations": 5}}
    whole = _Valley(rng, theta0=rng.choice([-1, 1], size=2) * rng.integers(4, 9, size=2))
    return [
        Call("minimize", well, label="the double well"),
        whole.call("theta0 of whole numbers", {"max_iterations": 3}),
    ]


@run.property("stops at the step that theory gives, the gradient's twice as late as the loss's with the same ε", kind="convergence")
def steps_by_theory(student, rng):
    curvature, factor, eps = float(rng.uniform(0.5, 4.0)), float(rng.uniform(0.6, 0.8)), float(rng.uniform(1e-4, 1e-3))
    lr = (1 - factor) / curvature
    # On a parabola every step multiplies the gradient by the factor, and J by its square.
    steps = np.log(eps) / np.log(factor)
    for name, limit, n in (("gradient", "eps_gradient", steps), ("loss", "eps_loss", steps / 2)):
        result = student.minimize(
            J=lambda theta: float(curvature * np.sum(np.asarray(theta) ** 2) / 2),
            gradient_of=lambda theta: curvature * np.asarray(theta, dtype=float),
            theta0=np.array([float(rng.uniform(1.0, 3.0))]), schedule=lambda t: lr, limits={limit: eps, "max_iterations": 200},
        )  # fmt: skip
        if not isinstance(result, list) or len(result) != 3:
            raise CheckFailed("three results are wanted: theta, the reason, the number of steps")
        same(result[1], name, where="the reason")
        same(result[2], int(np.ceil(n)), where=f"steps to {limit} = {eps:.3g}")


@run.property("works for a matrix of parameters")
def matrix(student, rng):
    theta0, centre, weights = vector(rng, 2, 3), vector(rng, 2, 3), rng.uniform(0.5, 2.0, size=(2, 3))
    lr, n = float(rng.uniform(0.1, 0.3)), 4
    got = student.minimize(
        J=lambda theta: float(np.sum(weights * (np.asarray(theta) - centre) ** 2) / 2),
        gradient_of=lambda theta: weights * (np.asarray(theta, dtype=float) - centre),
        theta0=theta0, schedule=lambda t: lr / t, limits={"max_iterations": n},
    )  # fmt: skip
    shrunk = np.prod([1 - lr / t * weights for t in range(1, n + 1)], axis=0)
    close(got, [centre + shrunk * (theta0 - centre), "budget", n], where="the results")


@run.mistake(
    "When validation stopped the run, the last theta comes back. It is worse on the validation data than one that was passed, "
    "and that one is wanted. Look at what you keep when a new best comes up.",
    passes=("each_reason", "before_the_first", "by_the_clock", "diverges", "other_thetas", "steps_by_theory", "matrix"),
)
def last_for_the_best(J, gradient_of, theta0, schedule, limits, validation=None, clock=time.monotonic):
    start, t, losses = clock(), 0, []
    theta = before = np.array(theta0, dtype=float)
    while True:
        value, gradient = J(theta), gradient_of(theta)
        if t == 0:
            J0, gradient0 = value, gradient
        if validation is not None:
            losses.append(validation(theta))
        state = {"iteration": t, "seconds": clock() - start, "J": value, "J0": J0, "validation": losses}
        reason = stop_reason(state | {"gradient": gradient, "gradient0": gradient0}, limits)
        if reason == "validation":
            return theta, reason, t
        if reason:
            return (before if reason == "diverged" else theta), reason, t
        t += 1
        before, theta = theta, theta - schedule(t) * gradient


@run.mistake(
    "The point with the lowest validation loss comes back whatever stopped the run. It is wanted only if validation did; "
    "otherwise theta is where the walk stands.",
    passes=("each_reason", "before_the_first", "by_the_clock", "other_thetas", "steps_by_theory", "matrix"),
)
def best_whatever_the_reason(J, gradient_of, theta0, schedule, limits, validation=None, clock=time.monotonic):
    start, t, losses = clock(), 0, []
    theta = before = best = np.array(theta0, dtype=float)
    while True:
        value, gradient = J(theta), gradient_of(theta)
        if t == 0:
            J0, gradient0 = value, gradient
        if validation is not None:
            losses.append(validation(theta))
            if np.argmin(losses) == t:
                best = theta
        state = {"iteration": t, "seconds": clock() - start, "J": value, "J0": J0, "validation": losses}
        reason = stop_reason(state | {"gradient": gradient, "gradient0": gradient0}, limits)
        if reason and validation is not None:
            return best, reason, t
        if reason:
            return (before if reason == "diverged" else theta), reason, t
        t += 1
        before, theta = theta, theta - schedule(t) * gradient


@run.mistake(
    "The last of several points with the same lowest validation loss comes back. A new best is strictly smaller, so it is the "
    "first of them. Look at the comparison, < or <=.",
    passes=("each_reason", "before_the_first", "by_the_clock", "diverges", "other_thetas", "steps_by_theory", "matrix"),
)
def equal_is_best(J, gradient_of, theta0, schedule, limits, validation=None, clock=time.monotonic):
    start, t, losses = clock(), 0, []
    theta = before = best = np.array(theta0, dtype=float)
    while True:
        value, gradient = J(theta), gradient_of(theta)
        if t == 0:
            J0, gradient0 = value, gradient
        if validation is not None:
            losses.append(validation(theta))
            if losses[-1] <= min(losses):
                best = theta
        state = {"iteration": t, "seconds": clock() - start, "J": value, "J0": J0, "validation": losses}
        reason = stop_reason(state | {"gradient": gradient, "gradient0": gradient0}, limits)
        if reason == "validation":
            return best, reason, t
        if reason:
            return (before if reason == "diverged" else theta), reason, t
        t += 1
        before, theta = theta, theta - schedule(t) * gradient


@run.mistake(
    "The theta is right, and n_steps is the step at which it was found. n_steps counts the steps that were made: the later ones "
    "have cost as much as the earlier ones.",
    passes=("each_reason", "before_the_first", "by_the_clock", "diverges", "other_thetas", "steps_by_theory", "matrix"),
)
def step_of_the_best(J, gradient_of, theta0, schedule, limits, validation=None, clock=time.monotonic):
    start, t, losses = clock(), 0, []
    theta = before = best = np.array(theta0, dtype=float)
    while True:
        value, gradient = J(theta), gradient_of(theta)
        if t == 0:
            J0, gradient0 = value, gradient
        if validation is not None:
            losses.append(validation(theta))
            if np.argmin(losses) == t:
                best = theta
        state = {"iteration": t, "seconds": clock() - start, "J": value, "J0": J0, "validation": losses}
        reason = stop_reason(state | {"gradient": gradient, "gradient0": gradient0}, limits)
        if reason == "validation":
            return best, reason, int(np.argmin(losses))
        if reason:
            return (before if reason == "diverged" else theta), reason, t
        t += 1
        before, theta = theta, theta - schedule(t) * gradient


@run.mistake(
    "stop_reason sees only the last validation loss, so it cannot know for how long there was no new best. `validation` in the "
    "state is the list of all of them. Look at where the list is made.",
    passes=("each_reason", "before_the_first", "by_the_clock", "diverges", "other_thetas", "steps_by_theory", "matrix"),
)
def only_the_last_loss(J, gradient_of, theta0, schedule, limits, validation=None, clock=time.monotonic):
    start, t, losses = clock(), 0, []
    theta = before = best = np.array(theta0, dtype=float)
    while True:
        value, gradient = J(theta), gradient_of(theta)
        if t == 0:
            J0, gradient0 = value, gradient
        if validation is not None:
            losses.append(validation(theta))
            if np.argmin(losses) == t:
                best = theta
        state = {"iteration": t, "seconds": clock() - start, "J": value, "J0": J0, "validation": losses[-1:]}
        reason = stop_reason(state | {"gradient": gradient, "gradient0": gradient0}, limits)
        if reason == "validation":
            return best, reason, t
        if reason:
            return (before if reason == "diverged" else theta), reason, t
        t += 1
        before, theta = theta, theta - schedule(t) * gradient


@run.mistake(
    "`validation` is called where it is None. It is an option: without it there are no validation losses, and that criterion "
    "never stops.",
    passes=("best_validated",),
)
def validation_not_looked_at(J, gradient_of, theta0, schedule, limits, validation=None, clock=time.monotonic):
    start, t, losses = clock(), 0, []
    theta = before = best = np.array(theta0, dtype=float)
    while True:
        value, gradient = J(theta), gradient_of(theta)
        if t == 0:
            J0, gradient0 = value, gradient
        losses.append(validation(theta))
        if np.argmin(losses) == t:
            best = theta
        state = {"iteration": t, "seconds": clock() - start, "J": value, "J0": J0, "validation": losses}
        reason = stop_reason(state | {"gradient": gradient, "gradient0": gradient0}, limits)
        if reason == "validation":
            return best, reason, t
        if reason:
            return (before if reason == "diverged" else theta), reason, t
        t += 1
        before, theta = theta, theta - schedule(t) * gradient


@run.mistake(
    "When the run diverged, the point that comes back is the one at which J or the gradient is no number any more. Nobody can "
    "go on from there. Keep the point before.",
    passes=("each_reason", "best_validated", "before_the_first", "by_the_clock", "other_thetas", "steps_by_theory", "matrix"),
)
def diverged_point(J, gradient_of, theta0, schedule, limits, validation=None, clock=time.monotonic):
    start, t, losses = clock(), 0, []
    theta = best = np.array(theta0, dtype=float)
    while True:
        value, gradient = J(theta), gradient_of(theta)
        if t == 0:
            J0, gradient0 = value, gradient
        if validation is not None:
            losses.append(validation(theta))
            if np.argmin(losses) == t:
                best = theta
        state = {"iteration": t, "seconds": clock() - start, "J": value, "J0": J0, "validation": losses}
        reason = stop_reason(state | {"gradient": gradient, "gradient0": gradient0}, limits)
        if reason == "validation":
            return best, reason, t
        if reason:
            return theta, reason, t
        t += 1
        theta = theta - schedule(t) * gradient


@run.mistake(
    "The criteria are asked for the first time after a step. A run that need not begin, since the start is good enough or no "
    "step is allowed, makes one all the same. Look at the order in the loop: ask first, then step.",
    passes=("each_reason", "best_validated", "by_the_clock", "diverges", "other_thetas", "steps_by_theory", "matrix"),
)
def asked_after_the_step(J, gradient_of, theta0, schedule, limits, validation=None, clock=time.monotonic):
    start, t = clock(), 0
    theta = before = best = np.array(theta0, dtype=float)
    value, gradient = J(theta), gradient_of(theta)
    J0, gradient0 = value, gradient
    losses = [] if validation is None else [validation(theta)]
    while True:
        t += 1
        before, theta = theta, theta - schedule(t) * gradient
        value, gradient = J(theta), gradient_of(theta)
        if validation is not None:
            losses.append(validation(theta))
            if np.argmin(losses) == t:
                best = theta
        state = {"iteration": t, "seconds": clock() - start, "J": value, "J0": J0, "validation": losses}
        reason = stop_reason(state | {"gradient": gradient, "gradient0": gradient0}, limits)
        if reason == "validation":
            return best, reason, t
        if reason:
            return (before if reason == "diverged" else theta), reason, t


@run.mistake(
    "n_steps is one too large: the questions are counted, and there is one more of them than there are steps, the one before "
    "the first step. Look at where the counter grows.",
)
def questions_counted(J, gradient_of, theta0, schedule, limits, validation=None, clock=time.monotonic):
    start, t, losses = clock(), 0, []
    theta = before = best = np.array(theta0, dtype=float)
    while True:
        value, gradient = J(theta), gradient_of(theta)
        if t == 0:
            J0, gradient0 = value, gradient
        if validation is not None:
            losses.append(validation(theta))
            if np.argmin(losses) == t:
                best = theta
        state = {"iteration": t, "seconds": clock() - start, "J": value, "J0": J0, "validation": losses}
        reason = stop_reason(state | {"gradient": gradient, "gradient0": gradient0}, limits)
        if reason == "validation":
            return best, reason, t + 1
        if reason:
            return (before if reason == "diverged" else theta), reason, t + 1
        t += 1
        before, theta = theta, theta - schedule(t) * gradient


@run.mistake(
    "stop_reason is told of one step more than has been made, so the budget is spent one step too early. `iteration` in the "
    "state is the number of steps that are behind.",
    passes=("diverges", "steps_by_theory"),
)
def iteration_ahead(J, gradient_of, theta0, schedule, limits, validation=None, clock=time.monotonic):
    start, t, losses = clock(), 0, []
    theta = before = best = np.array(theta0, dtype=float)
    while True:
        value, gradient = J(theta), gradient_of(theta)
        if t == 0:
            J0, gradient0 = value, gradient
        if validation is not None:
            losses.append(validation(theta))
            if np.argmin(losses) == t:
                best = theta
        state = {"iteration": t + 1, "seconds": clock() - start, "J": value, "J0": J0, "validation": losses}
        reason = stop_reason(state | {"gradient": gradient, "gradient0": gradient0}, limits)
        if reason == "validation":
            return best, reason, t
        if reason:
            return (before if reason == "diverged" else theta), reason, t
        t += 1
        before, theta = theta, theta - schedule(t) * gradient


@run.mistake(
    "J and the gradient are compared with those of the step before, not with those at the start. J0 and gradient0 belong to "
    "theta0: look at where they are set.",
    passes=("before_the_first", "by_the_clock", "diverges", "other_thetas", "matrix"),
)
def last_step_for_the_first(J, gradient_of, theta0, schedule, limits, validation=None, clock=time.monotonic):
    start, t, losses = clock(), 0, []
    theta = before = best = np.array(theta0, dtype=float)
    while True:
        value, gradient = J(theta), gradient_of(theta)
        if t == 0:
            J0, gradient0 = value, gradient
        if validation is not None:
            losses.append(validation(theta))
            if np.argmin(losses) == t:
                best = theta
        state = {"iteration": t, "seconds": clock() - start, "J": value, "J0": J0, "validation": losses}
        reason = stop_reason(state | {"gradient": gradient, "gradient0": gradient0}, limits)
        if reason == "validation":
            return best, reason, t
        if reason:
            return (before if reason == "diverged" else theta), reason, t
        t, J0, gradient0 = t + 1, value, gradient
        before, theta = theta, theta - schedule(t) * gradient


@run.mistake(
    "The seconds are what the clock shows, not the time since the call began. A clock counts from some moment long ago: read it "
    "at the beginning, and subtract.",
    passes=("each_reason", "best_validated", "before_the_first", "diverges", "other_thetas", "steps_by_theory", "matrix"),
)
def clock_not_subtracted(J, gradient_of, theta0, schedule, limits, validation=None, clock=time.monotonic):
    t, losses = 0, []
    theta = before = best = np.array(theta0, dtype=float)
    while True:
        value, gradient = J(theta), gradient_of(theta)
        if t == 0:
            J0, gradient0 = value, gradient
        if validation is not None:
            losses.append(validation(theta))
            if np.argmin(losses) == t:
                best = theta
        state = {"iteration": t, "seconds": clock(), "J": value, "J0": J0, "validation": losses}
        reason = stop_reason(state | {"gradient": gradient, "gradient0": gradient0}, limits)
        if reason == "validation":
            return best, reason, t
        if reason:
            return (before if reason == "diverged" else theta), reason, t
        t += 1
        before, theta = theta, theta - schedule(t) * gradient


@run.mistake(
    "The time never grows: it is measured once, before the loop, or its beginning is set anew in every step. Read the clock "
    "once at the beginning and once more for every question.",
    passes=("each_reason", "best_validated", "before_the_first", "diverges", "other_thetas", "steps_by_theory", "matrix"),
)
def clock_read_once(J, gradient_of, theta0, schedule, limits, validation=None, clock=time.monotonic):
    start, t, losses = clock(), 0, []
    seconds = clock() - start
    theta = before = best = np.array(theta0, dtype=float)
    while True:
        value, gradient = J(theta), gradient_of(theta)
        if t == 0:
            J0, gradient0 = value, gradient
        if validation is not None:
            losses.append(validation(theta))
            if np.argmin(losses) == t:
                best = theta
        state = {"iteration": t, "seconds": seconds, "J": value, "J0": J0, "validation": losses}
        reason = stop_reason(state | {"gradient": gradient, "gradient0": gradient0}, limits)
        if reason == "validation":
            return best, reason, t
        if reason:
            return (before if reason == "diverged" else theta), reason, t
        t += 1
        before, theta = theta, theta - schedule(t) * gradient


@run.mistake(
    "Without a limit on steps this raises KeyError: the loop takes its length from `max_iterations`. Any limit may be absent. "
    "Let stop_reason alone end the loop.",
    passes=("before_the_first", "by_the_clock", "other_thetas", "steps_by_theory", "matrix"),
)
def limit_needed(J, gradient_of, theta0, schedule, limits, validation=None, clock=time.monotonic):
    start, losses = clock(), []
    theta = before = best = np.array(theta0, dtype=float)
    for t in range(limits["max_iterations"] + 1):
        value, gradient = J(theta), gradient_of(theta)
        if t == 0:
            J0, gradient0 = value, gradient
        if validation is not None:
            losses.append(validation(theta))
            if np.argmin(losses) == t:
                best = theta
        state = {"iteration": t, "seconds": clock() - start, "J": value, "J0": J0, "validation": losses}
        reason = stop_reason(state | {"gradient": gradient, "gradient0": gradient0}, limits)
        if reason == "validation":
            return best, reason, t
        if reason:
            return (before if reason == "diverged" else theta), reason, t
        before, theta = theta, theta - schedule(t + 1) * gradient


@run.mistake(
    "The schedule is asked for t − 1: the first step used schedule(0), and steps are numbered from 1. Look at the argument of "
    "schedule, and at where t grows.",
    passes=("steps_by_theory",),
)
def schedule_from_zero(J, gradient_of, theta0, schedule, limits, validation=None, clock=time.monotonic):
    start, t, losses = clock(), 0, []
    theta = before = best = np.array(theta0, dtype=float)
    while True:
        value, gradient = J(theta), gradient_of(theta)
        if t == 0:
            J0, gradient0 = value, gradient
        if validation is not None:
            losses.append(validation(theta))
            if np.argmin(losses) == t:
                best = theta
        state = {"iteration": t, "seconds": clock() - start, "J": value, "J0": J0, "validation": losses}
        reason = stop_reason(state | {"gradient": gradient, "gradient0": gradient0}, limits)
        if reason == "validation":
            return best, reason, t
        if reason:
            return (before if reason == "diverged" else theta), reason, t
        before, theta = theta, theta - schedule(t) * gradient
        t += 1


@run.mistake(
    "The schedule is asked for t + 1: the first step already uses schedule(2). Look at the argument of schedule, and at where t "
    "grows.",
    passes=("steps_by_theory",),
)
def schedule_ahead(J, gradient_of, theta0, schedule, limits, validation=None, clock=time.monotonic):
    start, t, losses = clock(), 0, []
    theta = before = best = np.array(theta0, dtype=float)
    while True:
        value, gradient = J(theta), gradient_of(theta)
        if t == 0:
            J0, gradient0 = value, gradient
        if validation is not None:
            losses.append(validation(theta))
            if np.argmin(losses) == t:
                best = theta
        state = {"iteration": t, "seconds": clock() - start, "J": value, "J0": J0, "validation": losses}
        reason = stop_reason(state | {"gradient": gradient, "gradient0": gradient0}, limits)
        if reason == "validation":
            return best, reason, t
        if reason:
            return (before if reason == "diverged" else theta), reason, t
        t += 1
        before, theta = theta, theta - schedule(t + 1) * gradient


@run.mistake(
    "The rate of the first step is kept for all of them. Ask the schedule in every step.",
    passes=("before_the_first", "steps_by_theory"),
)
def first_rate_kept(J, gradient_of, theta0, schedule, limits, validation=None, clock=time.monotonic):
    start, t, lr, losses = clock(), 0, None, []
    theta = before = best = np.array(theta0, dtype=float)
    while True:
        value, gradient = J(theta), gradient_of(theta)
        if t == 0:
            J0, gradient0 = value, gradient
        if validation is not None:
            losses.append(validation(theta))
            if np.argmin(losses) == t:
                best = theta
        state = {"iteration": t, "seconds": clock() - start, "J": value, "J0": J0, "validation": losses}
        reason = stop_reason(state | {"gradient": gradient, "gradient0": gradient0}, limits)
        if reason == "validation":
            return best, reason, t
        if reason:
            return (before if reason == "diverged" else theta), reason, t
        t += 1
        lr = schedule(1) if lr is None else lr
        before, theta = theta, theta - lr * gradient


@run.mistake(
    "The step goes along the gradient, uphill, and J grows. Descent subtracts it. Look at the sign of the step.",
)
def uphill(J, gradient_of, theta0, schedule, limits, validation=None, clock=time.monotonic):
    start, t, losses = clock(), 0, []
    theta = before = best = np.array(theta0, dtype=float)
    while True:
        value, gradient = J(theta), gradient_of(theta)
        if t == 0:
            J0, gradient0 = value, gradient
        if validation is not None:
            losses.append(validation(theta))
            if np.argmin(losses) == t:
                best = theta
        state = {"iteration": t, "seconds": clock() - start, "J": value, "J0": J0, "validation": losses}
        reason = stop_reason(state | {"gradient": gradient, "gradient0": gradient0}, limits)
        if reason == "validation":
            return best, reason, t
        if reason:
            return (before if reason == "diverged" else theta), reason, t
        t += 1
        before, theta = theta, theta + schedule(t) * gradient


@run.mistake(
    "Every step uses the gradient at theta0. The state is right, and the walk is a straight line: look at which gradient the "
    "step multiplies.",
    passes=("before_the_first",),
)
def stale_gradient(J, gradient_of, theta0, schedule, limits, validation=None, clock=time.monotonic):
    start, t, losses = clock(), 0, []
    theta = before = best = np.array(theta0, dtype=float)
    while True:
        value, gradient = J(theta), gradient_of(theta)
        if t == 0:
            J0, gradient0 = value, gradient
        if validation is not None:
            losses.append(validation(theta))
            if np.argmin(losses) == t:
                best = theta
        state = {"iteration": t, "seconds": clock() - start, "J": value, "J0": J0, "validation": losses}
        reason = stop_reason(state | {"gradient": gradient, "gradient0": gradient0}, limits)
        if reason == "validation":
            return best, reason, t
        if reason:
            return (before if reason == "diverged" else theta), reason, t
        t += 1
        before, theta = theta, theta - schedule(t) * gradient0


@run.mistake(
    "What comes back as the best or as the last finite point is the present one. Either no such point was kept, or it is the same "
    "array as theta, and the step changes it in place. Look for `theta -= …`; make a new array in each step, or keep a copy.",
    passes=("each_reason", "before_the_first", "by_the_clock", "other_thetas", "steps_by_theory", "matrix"),
)
def one_array_for_all(J, gradient_of, theta0, schedule, limits, validation=None, clock=time.monotonic):
    start, t, losses = clock(), 0, []
    theta = before = best = np.array(theta0, dtype=float)
    while True:
        value, gradient = J(theta), gradient_of(theta)
        if t == 0:
            J0, gradient0 = value, gradient
        if validation is not None:
            losses.append(validation(theta))
            if np.argmin(losses) == t:
                best = theta
        state = {"iteration": t, "seconds": clock() - start, "J": value, "J0": J0, "validation": losses}
        reason = stop_reason(state | {"gradient": gradient, "gradient0": gradient0}, limits)
        if reason == "validation":
            return best, reason, t
        if reason:
            return (before if reason == "diverged" else theta), reason, t
        t += 1
        before = theta
        theta -= schedule(t) * gradient


@run.mistake(
    "The three results are in another order: theta, then the reason, then the number of steps. Look at the line with `return`.",
)
def order_of_results(J, gradient_of, theta0, schedule, limits, validation=None, clock=time.monotonic):
    start, t, losses = clock(), 0, []
    theta = before = best = np.array(theta0, dtype=float)
    while True:
        value, gradient = J(theta), gradient_of(theta)
        if t == 0:
            J0, gradient0 = value, gradient
        if validation is not None:
            losses.append(validation(theta))
            if np.argmin(losses) == t:
                best = theta
        state = {"iteration": t, "seconds": clock() - start, "J": value, "J0": J0, "validation": losses}
        reason = stop_reason(state | {"gradient": gradient, "gradient0": gradient0}, limits)
        if reason == "validation":
            return best, t, reason
        if reason:
            return (before if reason == "diverged" else theta), t, reason
        t += 1
        before, theta = theta, theta - schedule(t) * gradient


@run.mistake(
    "Only theta comes back. Whoever called wants to know why the run ended, and after how many steps: return all three.",
)
def theta_alone(J, gradient_of, theta0, schedule, limits, validation=None, clock=time.monotonic):
    start, t, losses = clock(), 0, []
    theta = before = best = np.array(theta0, dtype=float)
    while True:
        value, gradient = J(theta), gradient_of(theta)
        if t == 0:
            J0, gradient0 = value, gradient
        if validation is not None:
            losses.append(validation(theta))
            if np.argmin(losses) == t:
                best = theta
        state = {"iteration": t, "seconds": clock() - start, "J": value, "J0": J0, "validation": losses}
        reason = stop_reason(state | {"gradient": gradient, "gradient0": gradient0}, limits)
        if reason == "validation":
            return best
        if reason:
            return before if reason == "diverged" else theta
        t += 1
        before, theta = theta, theta - schedule(t) * gradient


@run.mistake(
    "In place: theta0 itself walks.",
    gate="changes-arguments",
)
def theta0_walks(J, gradient_of, theta0, schedule, limits, validation=None, clock=time.monotonic):
    start, t, losses = clock(), 0, []
    theta = before = best = theta0 if theta0.dtype.kind == "f" else theta0 * 1.0
    while True:
        value, gradient = J(theta), gradient_of(theta)
        if t == 0:
            J0, gradient0 = value, gradient
        if validation is not None:
            losses.append(validation(theta))
            if np.argmin(losses) == t:
                best = theta.copy()
        state = {"iteration": t, "seconds": clock() - start, "J": value, "J0": J0, "validation": losses}
        reason = stop_reason(state | {"gradient": gradient, "gradient0": gradient0}, limits)
        if reason == "validation":
            return best, reason, t
        if reason:
            return (before if reason == "diverged" else theta), reason, t
        t += 1
        before, moved = theta.copy(), schedule(t) * gradient
        theta -= moved


@run.mistake(
    "The gradient is computed twice at each point, once to ask and once to step.",
    gate="calls",
)
def gradient_twice(J, gradient_of, theta0, schedule, limits, validation=None, clock=time.monotonic):
    start, t, losses = clock(), 0, []
    theta = before = best = np.array(theta0, dtype=float)
    while True:
        value, gradient = J(theta), gradient_of(theta)
        if t == 0:
            J0, gradient0 = value, gradient
        if validation is not None:
            losses.append(validation(theta))
            if np.argmin(losses) == t:
                best = theta
        state = {"iteration": t, "seconds": clock() - start, "J": value, "J0": J0, "validation": losses}
        reason = stop_reason(state | {"gradient": gradient, "gradient0": gradient0}, limits)
        if reason == "validation":
            return best, reason, t
        if reason:
            return (before if reason == "diverged" else theta), reason, t
        t += 1
        before, theta = theta, theta - schedule(t) * gradient_of(theta)


@run.mistake(
    "J at the start is computed twice.",
    gate="calls",
)
def first_loss_twice(J, gradient_of, theta0, schedule, limits, validation=None, clock=time.monotonic):
    start, t, losses = clock(), 0, []
    theta = before = best = np.array(theta0, dtype=float)
    J0 = J(theta)
    while True:
        value, gradient = J(theta), gradient_of(theta)
        if t == 0:
            gradient0 = gradient
        if validation is not None:
            losses.append(validation(theta))
            if np.argmin(losses) == t:
                best = theta
        state = {"iteration": t, "seconds": clock() - start, "J": value, "J0": J0, "validation": losses}
        reason = stop_reason(state | {"gradient": gradient, "gradient0": gradient0}, limits)
        if reason == "validation":
            return best, reason, t
        if reason:
            return (before if reason == "diverged" else theta), reason, t
        t += 1
        before, theta = theta, theta - schedule(t) * gradient


@run.pair("iteration-ahead", "questions-counted")
def counted_from_one(J, gradient_of, theta0, schedule, limits, validation=None, clock=time.monotonic):
    start, t, losses = clock(), 1, []
    theta = before = best = np.array(theta0, dtype=float)
    while True:
        value, gradient = J(theta), gradient_of(theta)
        if t == 1:
            J0, gradient0 = value, gradient
        if validation is not None:
            losses.append(validation(theta))
            if np.argmin(losses) == t - 1:
                best = theta
        state = {"iteration": t, "seconds": clock() - start, "J": value, "J0": J0, "validation": losses}
        reason = stop_reason(state | {"gradient": gradient, "gradient0": gradient0}, limits)
        if reason == "validation":
            return best, reason, t
        if reason:
            return (before if reason == "diverged" else theta), reason, t
        before, theta = theta, theta - schedule(t) * gradient
        t += 1


@run.right
def points_and_losses_kept(J, gradient_of, theta0, schedule, limits, validation=None, clock=time.monotonic):
    began, points, lowest = clock(), [np.array(theta0, dtype=float)], []
    heights, slopes = [], []
    while True:
        heights.append(J(points[-1]))
        slopes.append(gradient_of(points[-1]))
        lowest += [] if validation is None else [validation(points[-1])]
        n = len(points) - 1
        state = {"iteration": n, "seconds": clock() - began, "J": heights[-1], "J0": heights[0], "validation": lowest}
        reason = stop_reason({**state, "gradient": slopes[-1], "gradient0": slopes[0]}, limits)
        if reason is not None:
            place = {"validation": lowest.index(min(lowest)) if lowest else n, "diverged": max(n - 1, 0)}.get(reason, n)
            return points[place], reason, n
        points.append(points[-1] - schedule(n + 1) * slopes[-1])


@run.right
def patience_steps_back(J, gradient_of, theta0, schedule, limits, validation=None, clock=time.monotonic):
    start = clock()
    points, losses = [np.asarray(theta0) * 1.0], []
    for t in range(10**6):
        theta = points[t]
        value, gradient = J(theta), np.asarray(gradient_of(theta))
        if t == 0:
            first = value, gradient
        if validation:
            losses.append(validation(theta))
        state = {"J": value, "gradient": gradient, "J0": first[0], "gradient0": first[1]}
        state.update(iteration=t, seconds=clock() - start, validation=list(losses))
        reason = stop_reason(state, limits)
        if reason:
            back = limits["patience"] if reason == "validation" else int(reason == "diverged" and t > 0)
            return points[t - back], reason, t
        points.append(np.subtract(theta, np.multiply(schedule(t + 1), gradient)))


@run.right
def evaluated_at_the_end_of_the_loop(J, gradient_of, theta0, schedule, limits, validation=None, clock=time.monotonic):
    start = clock()
    theta, n_steps = np.array(theta0, dtype=float), 0
    last, best = theta.copy(), theta.copy()
    loss, slope = J(theta), gradient_of(theta)
    losses = [validation(theta)] if validation is not None else []
    state = {"iteration": 0, "J0": loss, "gradient0": slope, "validation": losses}
    state |= {"J": loss, "gradient": slope, "seconds": clock() - start}
    reason = stop_reason(state, limits)
    while reason is None:
        n_steps += 1
        last = theta.copy()
        theta = theta - schedule(n_steps) * slope
        loss, slope = J(theta), gradient_of(theta)
        if validation is not None:
            new = validation(theta)
            if all(new < old for old in losses):
                best = theta.copy()
            losses.append(new)
        clock()
        state |= {"iteration": n_steps, "J": loss, "gradient": slope, "seconds": clock() - start}
        reason = stop_reason(state, limits)
    if reason == "diverged":
        theta = last
    elif reason == "validation":
        theta = best
    return [theta, reason, n_steps]


@run.right
def time_summed_up(J, gradient_of, theta0, schedule, limits, validation=None, clock=time.monotonic):
    theta, step, seconds, before = np.array(theta0, dtype=float), 0, 0.0, clock()
    kept = {"diverged": theta, "validation": theta}
    losses, lowest, first = [], np.inf, {}
    while True:
        state = {"J": J(theta), "gradient": gradient_of(theta), "iteration": step, "validation": losses}
        first = first or {"J0": state["J"], "gradient0": state["gradient"]}
        if validation is not None:
            losses.append(float(validation(theta)))
            if losses[-1] < lowest:
                lowest, kept["validation"] = losses[-1], theta
        now = clock()
        seconds, before = seconds + (now - before), now
        reason = stop_reason({**state, **first, "seconds": seconds}, limits)
        if reason in kept:
            return kept[reason].tolist(), reason, step
        if reason:
            return theta.tolist(), reason, step
        step += 1
        kept["diverged"], theta = theta, theta - schedule(step) * state["gradient"]


# The question -----------------------------------------------------------------------------------------------------------------

question = Question(
    "when_to_stop",
    reference.when_to_stop,
    {
        "a": "A constant moves the whole validation curve up. Which evaluations are new bests, and so the stop, stays as it was.",
        "b": "Both losses have the constant in them, and it cancels in the difference: the distance to the optimum stays.",
        "c": "The share ε is taken of 100 too, and below 100ε or so J may never come. The run is the same, and the criterion says "
        "something else: it needs a loss whose zero means something.",
        "d": "The gradient of a constant is zero. Both norms stay as they were, at every step.",
    },
)


# What the figures show of the reference ---------------------------------------------------------------------------------------

FIT = curvefit.make()
PATIENCE, SHARES = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0], [0.02, 0.04, 0.06, 0.1, 0.2, 0.5]


@cache
def _points(lr, n):
    points = [FIT.start]
    for _ in range(n):
        points.append(points[-1] - lr * FIT.gradient(points[-1]))
    return points


def _lit(patience, eps_loss, eps_gradient):
    """Whether each of the five criteria holds at each step of the walk of the figures."""
    states = FIT.states(_points(0.04, 300))
    return np.array(
        [
            [budget_spent(s["iteration"], s["seconds"], 250, 60) for s in states],
            [validation_worsened(s["validation"], patience) for s in states],
            [near_optimum(s["J"], FIT.lowest, 0.75) for s in states],
            [loss_reduced(s["J"], s["J0"], eps_loss) for s in states],
            [gradient_reduced(s["gradient"], s["gradient0"], eps_gradient) for s in states],
        ]
    ).astype(float)


def _first_lit(patience, eps):
    return [int(np.argmax(row)) if row.any() else -1 for row in _lit(patience, eps, eps)]


def _both_losses(lr):
    points = _points(lr, 1000)
    return [[FIT.value(point) for point in points], [FIT.validation(point) for point in points]]


GHOSTS = {
    "walk": Ghost(lambda lr: _points(lr, 300), {"lr": [0.04]}, {"lr": 0.04}),
    "lights": Ghost(lambda patience: _lit(patience, 0.1, 0.04), {"patience": [20.0]}, {"patience": 20.0}),
    "first_lit": Ghost(_first_lit, {"patience": PATIENCE, "eps": SHARES}, {"patience": 20.0, "eps": 0.1}),
    "losses": Ghost(_both_losses, {"lr": [0.04]}, {"lr": 0.04}),
}

"""Checks and known mistakes of section 4, when SGD converges."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from descentlab.checks import Call, CheckFailed, Exercise, Question, ScheduleOf, ask, close
from descentlab.checks.values import as_numbers, plain
from descentlab.evidence import N_STEPS, evidence
from grader_tests._draws import rates
from grader_tests._ghosts import Ghost
from reference_impl import s04_convergence as reference

# A power of t -----------------------------------------------------------------------------------------------------------------

power = Exercise(reference.power_schedule)


def _power(rng, label, evaluate, **arguments):
    drawn = {"eta0": float(rng.uniform(0.1, 0.9)), "p": float(rng.uniform(0.3, 0.9))}
    return Call("power_schedule", drawn | arguments, label=label, evaluate=evaluate)


@power.part("divides η₀ by the power p of t, from η₀ itself in step 1", weight=2)
def power_falls(rng):
    return [
        _power(rng, "p below 1", (1, 2, 3, 4, 5)),
        _power(rng, "p above 1", (1, 2, 3, 10), p=float(rng.uniform(1.2, 2.6))),
    ]


@power.part("gives the rate of any step, in whatever order and however often it is asked")
def power_whenever(rng):
    return [_power(rng, "out of order", (40, 3, 3, 1, 17, 3, 1000))]


@power.part("takes whole numbers, p = 0 for a constant rate, and p = 1")
def power_whole(rng):
    return [
        _power(rng, "η₀ a whole number", (1, 2, 3, 4), eta0=int(rng.integers(2, 9))),
        _power(rng, "both whole numbers", (1, 2, 3, 4), eta0=int(rng.integers(2, 9)), p=2),
        _power(rng, "p = 0", (1, 2, 50), p=0),
        _power(rng, "p = 1", (1, 2, 3), p=1),
    ]


def _rate(schedule: Any, t: int) -> float:
    """Return what a student's schedule answers at step t. Raises CheckFailed unless that is a number."""
    answer = as_numbers(plain(ask(schedule, t))) if callable(schedule) else None
    if answer is None or answer.shape:
        raise CheckFailed(f"what comes back is not a function that returns a number at t = {t}")
    return float(answer)


@power.property("falls by the factor 2ᵖ whenever t doubles, however far along", 0.5, kind="exact")
def power_doubling(student, rng):
    eta0, p = float(rng.uniform(0.1, 0.9)), float(rng.uniform(0.3, 2.0))
    schedule = student.power_schedule(eta0=eta0, p=p)
    close(_rate(schedule, 1), eta0, where="η at t = 1")
    for t in (1, 3, 50, 4000):
        close(_rate(schedule, 2 * t) * 2**p, _rate(schedule, t), where=f"2ᵖ times η at t = {2 * t}, against η at t = {t}")


@power.mistake(
    "t counts from 0: it is raised by one before the power is taken. Steps are numbered from 1, and step 1 has the rate η₀. Look "
    "at t = 1."
)
def one_ahead(eta0, p):
    return lambda t: eta0 / (t + 1) ** p


@power.mistake(
    "t is lowered by one before the power is taken: step 1 divides by zero. Steps are numbered from 1, so t is never 0. Look at t "
    "= 1."
)
def one_behind(eta0, p):
    return lambda t: eta0 / np.float64(t - 1) ** p


@power.mistake("The rate grows with t: it is multiplied by the power. Look at the sign of the exponent.")
def power_grows(eta0, p):
    return lambda t: eta0 * t**p


@power.mistake("p is multiplied by t. It is the exponent of t: look at `*` and `**`.")
def p_for_a_factor(eta0, p):
    return lambda t: eta0 / np.float64(t * p)


@power.mistake(
    "Base and exponent have changed places: pᵗ falls or grows exponentially. Here t is the base. Look at which of the two is "
    "raised."
)
def base_and_exponent(eta0, p):
    return lambda t: eta0 / np.float64(p) ** t


@power.mistake("The power is taken of the whole quotient, η₀ included. Only t is raised to p: look at the brackets.")
def power_of_all(eta0, p):
    return lambda t: (eta0 / t) ** p


@power.mistake(
    "p is not used: this is 1/t, whatever p is. Look at the exponent.",
)
def p_forgotten(eta0, p):
    return lambda t: eta0 / t


@power.mistake(
    "This is η₀/(1 + pt), another well-known schedule. It falls like 1/t for every p. The formula here has a power of t."
)
def time_based(eta0, p):
    return lambda t: eta0 / (1 + p * t)


@power.mistake(
    "η₀ is missing: these are the rates for η₀ = 1. Look at the numerator.",
)
def eta0_forgotten(eta0, p):
    return lambda t: 1 / t**p


@power.mistake(
    "Whole numbers are divided as whole numbers, and the fraction is cut off. `//` is not `/`.",
    passes=("power_falls", "power_whenever", "power_doubling"),
)
def whole_division(eta0, p):
    whole = isinstance(eta0, int)
    return lambda t: eta0 // t**p if whole else eta0 / t**p


@power.mistake(
    "A number comes back, not a schedule. The loop will call what you return, with t. Write a function inside the function (`def` "
    "or `lambda`), and return it without calling it."
)
def power_number(eta0, p):
    return eta0


@power.mistake(
    "The schedule counts for itself how often it was asked, and doesn't look at t: asked twice for one step it gives two answers. "
    "Look for a variable that the inner function changes.",
    passes=("power_whole",),
)
def counts_the_calls(eta0, p):
    count = 0

    def schedule(t):
        nonlocal count
        count += 1
        return eta0 / count**p

    return schedule


@power.pair("one-ahead", "p-forgotten")
def one_ahead_without_p(eta0, p):
    return lambda t: eta0 / (t + 1)


@power.pair("one-ahead", "counts-the-calls")
def counts_the_calls_from_two(eta0, p):
    count = 1

    def schedule(t):
        nonlocal count
        count += 1
        return eta0 / count**p

    return schedule


@power.right
def power_inner(eta0, p):
    def schedule(t):
        return eta0 * t ** (-float(p))

    return schedule


@power.right
def power_by_logarithm(eta0, p):
    return lambda t: eta0 * np.exp(-p * np.log(t))


@power.right
def power_by_numpy(eta0, p):
    return lambda t: np.divide(eta0, np.power(np.asarray(t, dtype=float), p))


@power.right
def power_of_the_inverse(eta0, p):
    return lambda t: (1 / t) ** p * eta0


# The three conditions ---------------------------------------------------------------------------------------------------------

conditions = Exercise(reference.robbins_monro)


def _conditions(label, **pq):
    return Call("robbins_monro", pq, label=label)


def _between(rng, low, high):
    return round(float(rng.uniform(low, high)), 3)


@conditions.part("tells powers of t apart: slow, right and too fast", weight=2)
def powers(rng):
    return [
        _conditions("p below ½", p=_between(rng, 0.05, 0.45)),
        _conditions("p between ½ and 1", p=_between(rng, 0.55, 0.95)),
        _conditions("p above 1", p=_between(rng, 1.05, 1.9)),
        _conditions("p above 2", p=_between(rng, 2.1, 4)),
    ]


@conditions.part("decides on the borders: a constant rate, p = ½ and p = 1")
def borders(rng):
    return [_conditions(f"p = {p}", p=p) for p in (0, 0.5, 1)] + [_conditions("p = 1, q = 0 said", p=1.0, q=0.0)]


@conditions.part("takes the logarithm into account where p is on a border, and only there", weight=2)
def logarithms(rng):
    return [
        _conditions("p = 0, with a logarithm", p=0, q=_between(rng, 0.1, 3)),
        _conditions("p = ½, a weak logarithm", p=0.5, q=_between(rng, 0.1, 0.4)),
        _conditions("p = ½, q = ½", p=0.5, q=0.5),
        _conditions("p = ½, q between ½ and 1", p=0.5, q=_between(rng, 0.6, 0.9)),
        _conditions("p = ½, q above 1", p=0.5, q=_between(rng, 1.1, 3)),
        _conditions("p = 1, q below 1", p=1, q=_between(rng, 0.2, 0.9)),
        _conditions("p = 1, q = 1", p=1, q=1),
        _conditions("p = 1, q above 1", p=1, q=_between(rng, 1.2, 3)),
        _conditions("p below ½, a strong logarithm", p=_between(rng, 0.2, 0.45), q=_between(rng, 2, 5)),
        _conditions("p below 1, a strong logarithm", p=_between(rng, 0.6, 0.9), q=_between(rng, 2, 5)),
        _conditions("p above 1, with a logarithm", p=_between(rng, 1.1, 1.9), q=_between(rng, 0.2, 3)),
    ]


def _triple(student, **pq) -> list[bool]:
    found = plain(student.robbins_monro(**pq))
    # By its size first: an empty array can have billions of rows.
    found = found.tolist() if isinstance(found, np.ndarray) and found.size == 3 else found
    if not isinstance(found, list) or len(found) != 3 or not all(isinstance(item, bool) for item in found):
        raise CheckFailed("robbins_monro returns three bools: the rates vanish, their sum diverges, the sum of squares converges")
    return found


@conditions.property("whatever p and q: where the squares have a finite sum, the rates vanish", 0.5, kind="convergence")
def first_follows_from_third(student, rng):
    seen = set()
    for p, q in itertools.product(np.arange(21) / 10, (0.0, 0.5, 1.0, 1.5)):
        vanishes, diverges, squares = _triple(student, p=float(p), q=q)
        seen.add((diverges, squares))
        if squares and not vanishes:
            raise CheckFailed(f"p = {p:g}, q = {q:g}: the squares have a finite sum, and yet the rates don't vanish")
    if len(seen) < 3:
        raise CheckFailed("over p from 0 to 2 the last two conditions should hold together, and each without the other")


@conditions.property("asks of the squares what the sum asks at 2p and 2q", 0.5, kind="convergence")
def squares_are_rates(student, rng):
    for p, q in ((0.5, 0.5), (0.5, 0.7), (0.5, 0.0), (0.4, 2.0), (0.7, 0.3), (1.0, 0.0), (float(rng.uniform(0.55, 0.9)), 0.0)):
        squares = _triple(student, p=p, q=q)[2]
        if squares == _triple(student, p=2 * p, q=2 * q)[1]:
            raise CheckFailed(
                f"p = {p:.3g}, q = {q:g}: the squares are the rates of 2p and 2q, and their sum is finite or it isn't"
            )


@conditions.mistake(
    "At p = 1 the sum is said to converge. 1 + 1/2 + 1/3 + … grows beyond every bound, if slowly: each doubling of the number of "
    "terms adds more than a half. Look at the border: < or <=.",
    passes=("powers", "first_follows_from_third"),
)
def harmonic_converges(p, q=0):
    return p > 0 or q > 0, p < 1, 2 * p > 1 or (2 * p == 1 and 2 * q > 1)


@conditions.mistake(
    "At p = ½ the sum of squares is said to converge. The squares are 1/t there, and their sum is the harmonic one. Look at the "
    "border: > or >=.",
    passes=("powers", "first_follows_from_third"),
)
def squares_at_a_half(p, q=0):
    return p > 0 or q > 0, p < 1 or (p == 1 and q <= 1), 2 * p >= 1


@conditions.mistake(
    "Partial sums are taken for limits: after a hundred thousand terms the harmonic sum is only 12, and goes on for ever. No "
    "number of terms can tell. Look for the exponents at which a series changes its kind.",
    passes=("squares_are_rates",),
)
def partial_sums(p, q=0):
    t = np.arange(1, 100_001)
    lr = 1 / (t**p * np.log(t + 1) ** q)
    return bool(lr[-1] < 0.01), bool(lr.sum() > 100), bool((lr**2).sum() < 100)


@conditions.mistake(
    "q is not used. On a border of p the logarithm decides. Look at the table of the four cases.",
    passes=("powers", "borders", "first_follows_from_third", "squares_are_rates"),
)
def q_ignored(p, q=0):
    return p > 0, p <= 1, p > 0.5


@conditions.mistake(
    "For p = ½ the squares are said to have a finite sum from q = 1 on. The logarithm is squared too: what is its power in the "
    "squares?",
    passes=("powers", "borders", "first_follows_from_third"),
)
def logarithm_not_squared(p, q=0):
    return p > 0 or q > 0, p < 1 or (p == 1 and q <= 1), 2 * p > 1 or (2 * p == 1 and q > 1)


@conditions.mistake(
    "On each border any logarithm at all is taken for enough. It has to be strong enough: 1/(t log t) still has an infinite sum. "
    "Look at how large q must be.",
    passes=("powers", "borders", "first_follows_from_third", "squares_are_rates"),
)
def any_logarithm_helps(p, q=0):
    return p > 0 or q > 0, p < 1 or (p == 1 and q == 0), 2 * p > 1 or (2 * p == 1 and q > 0)


@conditions.mistake(
    "At p = 1, q = 1 the sum is said to converge. The integral of 1/(t log t) is log log t, which grows beyond every bound, the "
    "slowest of all. Look at the border of q: < or <=.",
    passes=("powers", "borders", "first_follows_from_third"),
)
def logarithm_border(p, q=0):
    return p > 0 or q > 0, p < 1 or (p == 1 and q < 1), 2 * p > 1 or (2 * p == 1 and 2 * q > 1)


@conditions.mistake(
    "At p = ½, q = ½ the squares are said to have a finite sum. There they are 1/(t log t). Look at the border of q: > or >=.",
    passes=("powers", "borders", "first_follows_from_third"),
)
def squares_logarithm_border(p, q=0):
    return p > 0 or q > 0, p < 1 or (p == 1 and q <= 1), 2 * p > 1 or (2 * p == 1 and 2 * q >= 1)


@conditions.mistake(
    "With p = 0 the rates are said not to vanish, whatever q is. A logarithm grows too, if slowly, and what is divided by it "
    "vanishes.",
    passes=("powers", "borders", "first_follows_from_third", "squares_are_rates"),
)
def logarithm_does_not_vanish(p, q=0):
    return p > 0, p < 1 or (p == 1 and q <= 1), 2 * p > 1 or (2 * p == 1 and 2 * q > 1)


@conditions.mistake(
    "p and q are added, as if a logarithm were a power. It grows more slowly than any power: away from the borders it changes "
    "nothing.",
    passes=("powers", "borders", "first_follows_from_third", "squares_are_rates"),
)
def powers_added(p, q=0):
    return p + q > 0, p + q <= 1, p + q > 0.5


@conditions.mistake(
    "The second answer is turned round: it says that the sum converges. What is asked is whether it diverges. Look at the order "
    "and the words of the docstring.",
    passes=("first_follows_from_third",),
)
def sum_converges(p, q=0):
    return p > 0 or q > 0, not (p < 1 or (p == 1 and q <= 1)), 2 * p > 1 or (2 * p == 1 and 2 * q > 1)


@conditions.mistake(
    "The third answer is turned round: it says that the sum of squares diverges. What is asked is whether it converges."
)
def squares_diverge(p, q=0):
    return p > 0 or q > 0, p < 1 or (p == 1 and q <= 1), not (2 * p > 1 or (2 * p == 1 and 2 * q > 1))


@conditions.mistake(
    "The last two answers have changed places. The docstring has the sum first, then the sum of squares. Look at the return line."
)
def conditions_swapped(p, q=0):
    return p > 0 or q > 0, 2 * p > 1 or (2 * p == 1 and 2 * q > 1), p < 1 or (p == 1 and q <= 1)


@conditions.mistake(
    "The squares are said to have a finite sum from p = 1 on, as the rates themselves would. Squaring doubles the exponent. Look "
    "at what is summed in the third condition."
)
def squares_not_squared(p, q=0):
    return p > 0 or q > 0, p < 1 or (p == 1 and q <= 1), p > 1 or (p == 1 and q > 1)


@conditions.mistake("One answer comes back, whether all three hold. Three are wanted, so that it can be seen which of them fails.")
def all_in_one(p, q=0):
    return (p > 0 or q > 0) and (p < 1 or (p == 1 and q <= 1)) and (2 * p > 1 or (2 * p == 1 and 2 * q > 1))


@conditions.pair("harmonic-converges", "squares-at-a-half", passes=("powers", "first_follows_from_third", "squares_are_rates"))
def both_borders(p, q=0):
    return p > 0 or q > 0, p < 1, p >= 0.5


@conditions.pair("harmonic-converges", "q-ignored", passes=("powers", "first_follows_from_third"))
def harmonic_and_q_ignored(p, q=0):
    return p > 0, p < 1, p > 0.5


@conditions.right
def pairs_in_order(p, q=0):
    return (p, q) > (0, 0), (p, q) <= (1, 1), (2 * p, 2 * q) > (1, 1)


@conditions.right
def by_one_function(p, q=0):
    def finite(a, b):
        if a == 1:
            return b > 1
        return a > 1

    return [max(p, q) > 0, not finite(p, q), finite(2 * p, 2 * q)]


@conditions.right
def case_by_case(p, q=0):
    vanishes = diverges = converges = True
    if p == 0 and q == 0:
        vanishes = False
    if p > 1 or (p == 1 and q > 1):
        diverges = False
    if p < 0.5 or (p == 0.5 and q <= 0.5):
        converges = False
    return vanishes, diverges, converges


@conditions.right
def as_an_array(p, q=0):
    return np.array([p + q > 0, p < 1 or (p == 1 and q <= 1), p > 0.5 or (p == 0.5 and q > 0.5)])


# The exact recursion ----------------------------------------------------------------------------------------------------------

recursion = Exercise(reference.expected_squared_error)


def _recursion(rng, label, n=6, *, low=0.05, high=0.4, **arguments):
    drawn = {
        "schedule": ScheduleOf(tuple(rates(rng, n + 2, low, high))),
        "curvature": float(rng.uniform(0.6, 1.8)),
        "sigma": float(rng.uniform(0.7, 1.6)),
        "theta0": float(rng.uniform(1.3, 2.5)),
        "n_steps": n,
    }
    return Call("expected_squared_error", drawn | arguments, label=label, rows="step")


@recursion.part("follows the recursion from the start, with a rate that changes", weight=3)
def errors_follow(rng):
    return [
        _recursion(rng, "six steps"),
        _recursion(rng, "rates beyond the limit", low=1.8, high=2.6),
    ]


@recursion.part("holds without noise, from the minimum, and for a single step")
def error_ends(rng):
    return [
        _recursion(rng, "no noise", sigma=0.0),
        _recursion(rng, "from the minimum", theta0=0.0),
        _recursion(rng, "one step", 1),
    ]


@recursion.part("works for whole numbers, and where all is tiny or huge")
def error_sizes(rng):
    return [
        _recursion(rng, "whole numbers", 3, curvature=2, sigma=int(rng.integers(2, 5)), theta0=int(rng.integers(2, 6))),
        _recursion(rng, "from the other side", 3, theta0=float(rng.uniform(-2.5, -1.3))),
        _recursion(rng, "tiny", 3, sigma=1e-45, theta0=2e-45),
        _recursion(rng, "huge", 3, sigma=1e45, theta0=2e45),
    ]


def _errors(student, n, schedule, **arguments) -> np.ndarray:
    settings = {"curvature": 1.0, "sigma": 1.0, "theta0": 2.0, "n_steps": n} | arguments
    errors = as_numbers(student.expected_squared_error(schedule=schedule, **settings))
    if errors is None or errors.shape != (n + 1,):
        raise CheckFailed(f"after {n} steps there are {n + 1} errors, an array of shape ({n + 1},)")
    return errors


@recursion.property("is σ²/t for η_t = 1/t and curvature 1: the running mean of t numbers", kind="exact")
def running_mean(student, rng):
    sigma, theta0 = float(rng.uniform(0.5, 2)), float(rng.uniform(1, 4))
    errors = _errors(student, 50, lambda t: 1 / t, sigma=sigma, theta0=theta0)
    close(errors, [theta0**2, *(sigma**2 / t for t in range(1, 51))], where="t = ")


@recursion.property("goes to the floor of a constant rate below 2/λ, and away above it", kind="convergence")
def constant_rate(student, rng):
    curvature, sigma = float(rng.uniform(0.6, 1.8)), float(rng.uniform(0.5, 2))
    for share in (0.3, 0.95, 1.05):
        lr = 2 * share / curvature
        errors = _errors(student, 400, lambda t, lr=lr: lr, curvature=curvature, sigma=sigma)
        if share > 1:
            if not errors[-1] > 1e6 * errors[0]:
                raise CheckFailed(f"a constant rate of {share:g} times the limit 2/λ should lead away")
        else:
            floor = lr * sigma**2 / (curvature * (2 - lr * curvature))
            close(errors[-1], floor, rtol=1e-6, where=f"after 400 steps at {share:g} of the limit 2/λ")


@recursion.property("stalls short of the minimum for η₀/t² with η₀λ < 1, even without noise", 0.5, kind="convergence")
def stalls(student, rng):
    # Euler: the product of 1 − x²/t² over all t is sin(πx)/(πx).
    x, curvature = float(rng.uniform(0.3, 0.8)), float(rng.uniform(0.6, 1.8))
    errors = _errors(student, 1500, lambda t: x**2 / curvature / t**2, curvature=curvature, sigma=0.0, theta0=3.0)
    # What the steps after the last one would still take away is about 2x²/n of it.
    close(errors[-1], 9 * (np.sin(np.pi * x) / (np.pi * x)) ** 2, rtol=2.5e-3, where="after 1500 steps")


@recursion.property("still goes down for η₀/t^0.3, whose squares have an infinite sum", 0.5, kind="convergence")
def slow_rates_shrink_too(student, rng):
    eta0 = float(rng.uniform(0.3, 0.6))
    errors = _errors(student, 2000, lambda t: eta0 / t**0.3)
    for t in (200, 2000):
        close(errors[t], eta0 / t**0.3 / 2, rtol=0.25, where=f"against η/(2λ), t = {t}")


@recursion.mistake(
    "The start is not squared: e₀ is the squared distance at the start. Look at what stands first in your list.",
    passes=("constant_rate", "slow_rates_shrink_too"),
)
def start_not_squared(schedule, curvature, sigma, theta0, n_steps):
    errors = [float(theta0)]
    for t in range(1, n_steps + 1):
        lr = schedule(t)
        errors.append((1 - lr * curvature) ** 2 * errors[-1] + lr**2 * sigma**2)
    return np.array(errors)


@recursion.mistake(
    "The factor 1 − ηλ is not squared. It multiplies θ, and what is followed here is θ². Look at the square of the whole step."
)
def factor_not_squared(schedule, curvature, sigma, theta0, n_steps):
    errors = [float(theta0) ** 2]
    for t in range(1, n_steps + 1):
        lr = schedule(t)
        errors.append((1 - lr * curvature) * errors[-1] + lr**2 * sigma**2)
    return np.array(errors)


@recursion.mistake(
    "The rate before the noise is not squared. The step adds η times the noise to θ; its square holds η². Look at the last term.",
    passes=("stalls",),
)
def rate_not_squared(schedule, curvature, sigma, theta0, n_steps):
    errors = [float(theta0) ** 2]
    for t in range(1, n_steps + 1):
        lr = schedule(t)
        errors.append((1 - lr * curvature) ** 2 * errors[-1] + lr * sigma**2)
    return np.array(errors)


@recursion.mistake(
    "σ is not squared. It is the standard deviation, and the mean square of the noise is its square. Look at the last term.",
    passes=("stalls", "slow_rates_shrink_too"),
)
def sigma_not_squared(schedule, curvature, sigma, theta0, n_steps):
    errors = [float(theta0) ** 2]
    for t in range(1, n_steps + 1):
        lr = schedule(t)
        errors.append((1 - lr * curvature) ** 2 * errors[-1] + lr**2 * sigma)
    return np.array(errors)


@recursion.mistake(
    "The noise is missing: this is the squared distance of gradient descent without noise. The noise has the mean 0, but its "
    "square hasn't.",
    passes=("stalls",),
)
def noise_left_out(schedule, curvature, sigma, theta0, n_steps):
    errors = [float(theta0) ** 2]
    for t in range(1, n_steps + 1):
        errors.append((1 - schedule(t) * curvature) ** 2 * errors[-1])
    return np.array(errors)


@recursion.mistake(
    "The noise is added without the rate. It is in the gradient, and the gradient is multiplied by η. Look at the last term.",
    passes=("stalls",),
)
def noise_without_rate(schedule, curvature, sigma, theta0, n_steps):
    errors = [float(theta0) ** 2]
    for t in range(1, n_steps + 1):
        errors.append((1 - schedule(t) * curvature) ** 2 * errors[-1] + sigma**2)
    return np.array(errors)


@recursion.mistake(
    "The noise of a step shrinks in that same step. The rule shrinks the old error, and adds the new noise after that. Look at "
    "the brackets.",
    passes=("stalls", "slow_rates_shrink_too"),
)
def noise_shrunk_at_once(schedule, curvature, sigma, theta0, n_steps):
    errors = [float(theta0) ** 2]
    for t in range(1, n_steps + 1):
        lr = schedule(t)
        errors.append((1 - lr * curvature) ** 2 * (errors[-1] + lr**2 * sigma**2))
    return np.array(errors)


@recursion.mistake(
    "The curvature is missing: the factor is 1 − η. The gradient of the parabola is λθ. Look at what the step subtracts.",
    passes=("running_mean", "slow_rates_shrink_too"),
)
def curvature_left_out(schedule, curvature, sigma, theta0, n_steps):
    errors = [float(theta0) ** 2]
    for t in range(1, n_steps + 1):
        lr = schedule(t)
        errors.append((1 - lr) ** 2 * errors[-1] + lr**2 * sigma**2)
    return np.array(errors)


@recursion.mistake(
    "The curvature multiplies the noise as well. The noise comes to the gradient λθ; it is not multiplied by λ itself. Look at "
    "the last term.",
    passes=("running_mean", "stalls", "slow_rates_shrink_too"),
)
def curvature_in_the_noise(schedule, curvature, sigma, theta0, n_steps):
    errors = [float(theta0) ** 2]
    for t in range(1, n_steps + 1):
        lr = schedule(t)
        errors.append((1 - lr * curvature) ** 2 * errors[-1] + (lr * curvature * sigma) ** 2)
    return np.array(errors)


@recursion.mistake(
    "The schedule is asked for t − 1: the first step used schedule(0), and the steps are numbered from 1. With a power of t that "
    "divides by zero. Look at the range of the loop and at the argument of schedule.",
    passes=("constant_rate",),
)
def schedule_from_zero(schedule, curvature, sigma, theta0, n_steps):
    errors = [float(theta0) ** 2]
    for t in range(n_steps):
        lr = schedule(t)
        errors.append((1 - lr * curvature) ** 2 * errors[-1] + lr**2 * sigma**2)
    return np.array(errors)


@recursion.mistake(
    "The schedule is asked for t + 1: the first step already uses schedule(2). The step that is being made has the number t.",
    passes=("constant_rate", "slow_rates_shrink_too"),
)
def schedule_ahead(schedule, curvature, sigma, theta0, n_steps):
    errors = [float(theta0) ** 2]
    for t in range(1, n_steps + 1):
        lr = schedule(t + 1)
        errors.append((1 - lr * curvature) ** 2 * errors[-1] + lr**2 * sigma**2)
    return np.array(errors)


@recursion.mistake(
    "The rate of the first step is kept for all of them. A schedule has a rate for each step. Look at whether schedule is asked "
    "inside the loop.",
    passes=("constant_rate",),
)
def first_rate_kept(schedule, curvature, sigma, theta0, n_steps):
    lr, errors = schedule(1), [float(theta0) ** 2]
    for _ in range(n_steps):
        errors.append((1 - lr * curvature) ** 2 * errors[-1] + lr**2 * sigma**2)
    return np.array(errors)


@recursion.mistake(
    "The start is missing: these are the errors after the steps alone. Look at what the list holds before the loop begins."
)
def error_without_start(schedule, curvature, sigma, theta0, n_steps):
    error, errors = float(theta0) ** 2, []
    for t in range(1, n_steps + 1):
        lr = schedule(t)
        error = (1 - lr * curvature) ** 2 * error + lr**2 * sigma**2
        errors.append(error)
    return np.array(errors)


@recursion.mistake(
    "The last step is missing: n_steps steps have n_steps + 1 errors, the first of them at the start. Look at the range."
)
def error_one_short(schedule, curvature, sigma, theta0, n_steps):
    errors = [float(theta0) ** 2]
    for t in range(1, n_steps):
        lr = schedule(t)
        errors.append((1 - lr * curvature) ** 2 * errors[-1] + lr**2 * sigma**2)
    return np.array(errors)


@recursion.mistake("Only the last error comes back. All of them are wanted, from t = 0 on. Look at where they are collected.")
def last_error_alone(schedule, curvature, sigma, theta0, n_steps):
    error = float(theta0) ** 2
    for t in range(1, n_steps + 1):
        lr = schedule(t)
        error = (1 - lr * curvature) ** 2 * error + lr**2 * sigma**2
    return error


@recursion.mistake(
    "The root has been taken: these are typical distances. What is asked for is the mean of the squares. Look for `np.sqrt` at "
    "the end."
)
def root_of_the_error(schedule, curvature, sigma, theta0, n_steps):
    errors = [float(theta0) ** 2]
    for t in range(1, n_steps + 1):
        lr = schedule(t)
        errors.append((1 - lr * curvature) ** 2 * errors[-1] + lr**2 * sigma**2)
    return np.sqrt(errors)


@recursion.mistake(
    "The squares of the rates are added up without ever shrinking: what an early step brought in, later steps take out again. "
    "Look at what the factor multiplies.",
    passes=("stalls",),
)
def noise_never_shrinks(schedule, curvature, sigma, theta0, n_steps):
    rest, noise, errors = float(theta0) ** 2, 0.0, [float(theta0) ** 2]
    for t in range(1, n_steps + 1):
        lr = schedule(t)
        rest, noise = (1 - lr * curvature) ** 2 * rest, noise + lr**2 * sigma**2
        errors.append(rest + noise)
    return np.array(errors)


@recursion.mistake("The schedule is asked twice in each step.", gate="calls")
def asked_twice(schedule, curvature, sigma, theta0, n_steps):
    errors = [float(theta0) ** 2]
    for t in range(1, n_steps + 1):
        errors.append((1 - schedule(t) * curvature) ** 2 * errors[-1] + schedule(t) ** 2 * sigma**2)
    return np.array(errors)


@recursion.pair("rate-not-squared", "sigma-not-squared", passes=("stalls",))
def noise_not_squared(schedule, curvature, sigma, theta0, n_steps):
    errors = [float(theta0) ** 2]
    for t in range(1, n_steps + 1):
        lr = schedule(t)
        errors.append((1 - lr * curvature) ** 2 * errors[-1] + lr * sigma)
    return np.array(errors)


@recursion.pair("factor-not-squared", "start-not-squared")
def theta_not_squared(schedule, curvature, sigma, theta0, n_steps):
    errors = [float(theta0)]
    for t in range(1, n_steps + 1):
        lr = schedule(t)
        errors.append((1 - lr * curvature) * errors[-1] + lr**2 * sigma**2)
    return np.array(errors)


@recursion.pair("factor-not-squared", "rate-not-squared")
def step_not_squared(schedule, curvature, sigma, theta0, n_steps):
    errors = [float(theta0) ** 2]
    for t in range(1, n_steps + 1):
        lr = schedule(t)
        errors.append((1 - lr * curvature) * errors[-1] + lr * sigma**2)
    return np.array(errors)


@recursion.pair("start-not-squared", "schedule-from-zero", passes=("constant_rate",))
def start_not_squared_counted_from_zero(schedule, curvature, sigma, theta0, n_steps):
    errors = [float(theta0)]
    for t in range(n_steps):
        lr = schedule(t)
        errors.append((1 - lr * curvature) ** 2 * errors[-1] + lr**2 * sigma**2)
    return np.array(errors)


@recursion.right
def by_two_moments(schedule, curvature, sigma, theta0, n_steps):
    mean, variance, errors = float(theta0), 0.0, [float(theta0) ** 2]
    for t in range(1, n_steps + 1):
        lr = schedule(t)
        factor = 1 - lr * curvature
        mean, variance = factor * mean, factor**2 * variance + (lr * sigma) ** 2
        errors.append(mean**2 + variance)
    return errors


@recursion.right
def filled_array(schedule, curvature, sigma, theta0, n_steps):
    errors = np.zeros(n_steps + 1)
    errors[0] = theta0 * theta0
    for k in range(n_steps):
        lr = schedule(k + 1)
        shrink = 1 - 2 * lr * curvature + (lr * curvature) ** 2
        errors[k + 1] = shrink * errors[k] + lr * lr * sigma * sigma
    return errors


@recursion.right
def rates_first(schedule, curvature, sigma, theta0, n_steps):
    errors = (float(theta0) ** 2,)
    for lr in [schedule(t) for t in range(1, n_steps + 1)]:
        errors = (*errors, np.square(1 - lr * curvature) * errors[-1] + np.square(lr * sigma))
    return errors


@recursion.right
def by_a_while_loop(schedule, curvature, sigma, theta0, n_steps):
    t, errors = 0, [np.float64(theta0) ** 2]
    while t < n_steps:
        t += 1
        lr = schedule(t)
        errors.append(abs(1 - lr * curvature) ** 2 * errors[t - 1] + (abs(sigma) * lr) ** 2)
    return np.asarray(errors)


# The floor --------------------------------------------------------------------------------------------------------------------

floor = Exercise(reference.noise_floor, uses=(reference.expected_squared_error,))


def _floor(label, lr, curvature, sigma):
    return Call("noise_floor", {"lr": lr, "curvature": curvature, "sigma": sigma}, label=label)


def _settings(rng, low, high):
    """Odd numbers, the rate between these shares of the limit 2/λ."""
    curvature = float(rng.uniform(0.4, 3.0))
    return float(rng.uniform(low, high)) * 2 / curvature, curvature, float(rng.uniform(0.5, 2.0))


@floor.part("is where the recursion stands still", weight=2)
def floor_values(rng):
    return [
        _floor("a small rate", *_settings(rng, 0.02, 0.1)),
        _floor("half the limit", *_settings(rng, 0.4, 0.6)),
        _floor("near the limit", *_settings(rng, 0.93, 0.97)),
    ]


@floor.part("is zero without noise, and takes whole numbers")
def floor_ends(rng):
    lr, curvature, _ = _settings(rng, 0.2, 0.4)
    return [_floor("no noise", lr, curvature, 0.0), _floor("whole numbers", 1, 1, int(rng.integers(2, 7)))]


@floor.gate("refuses rates outside of 0 to 2/λ, the limits included, and curvatures of zero or below")
def floor_refuses(rng):
    lr, curvature, sigma = _settings(rng, 0.2, 0.4)
    return [
        _floor("at the limit", 1.0, 2.0, sigma),
        _floor("above the limit", float(rng.uniform(2.1, 3)) / curvature, curvature, sigma),
        _floor("a rate of zero", 0.0, curvature, sigma),
        _floor("a rate below zero", -float(rng.uniform(0.1, 0.5)), curvature, sigma),
        _floor("a flat function", lr, 0.0, sigma),
        _floor("a hill", lr, -curvature, sigma),
        _floor("a hill and a rate below zero", -lr, -curvature, sigma),
    ]


@floor.property("stays where it is under one more step of SGD", kind="convergence")
def floor_is_fixed(student, rng):
    for low, high in ((0.05, 0.2), (0.4, 0.6), (0.9, 0.97)):
        lr, curvature, sigma = _settings(rng, low, high)
        level = as_numbers(student.noise_floor(lr=lr, curvature=curvature, sigma=sigma))
        if level is None or level.shape or not level > 0:
            raise CheckFailed("with noise, noise_floor returns a number above zero")
        after = (1 - lr * curvature) ** 2 * level + lr**2 * sigma**2
        close(after, float(level), where=f"one step later, at {lr * curvature / 2:.2g} of the limit")


@floor.property("is about ησ²/(2λ) for a small rate, and σ²/λ² at η = 1/λ", 0.5, kind="exact")
def floor_by_hand(student, rng):
    _, curvature, sigma = _settings(rng, 0.2, 0.4)
    lr = 1e-6 / curvature
    close(
        student.noise_floor(lr=lr, curvature=curvature, sigma=sigma),
        lr * sigma**2 / (2 * curvature),
        rtol=1e-5,
        where="a tiny rate",
    )
    close(student.noise_floor(lr=1 / curvature, curvature=curvature, sigma=sigma), (sigma / curvature) ** 2, where="η = 1/λ")


@floor.mistake(
    "This is the approximation for a small rate, ησ²/(2λ). Near the limit the floor is far higher. Solve e = (1 − ηλ)²e + η²σ² "
    "without leaving anything out."
)
def small_rates_only(lr, curvature, sigma):
    if curvature <= 0 or not 0 < lr * curvature < 2:
        raise ValueError("no floor")
    return lr * sigma**2 / (2 * curvature)


@floor.mistake(
    "The rate stands there squared. When e = (1 − ηλ)²e + η²σ² is solved for e, one η cancels. Look at both sides.",
    passes=("floor_ends",),
)
def rate_left_squared(lr, curvature, sigma):
    if curvature <= 0 or not 0 < lr * curvature < 2:
        raise ValueError("no floor")
    return lr**2 * sigma**2 / (curvature * (2 - lr * curvature))


@floor.mistake("σ is not squared. It is the standard deviation, and the mean square of the noise is its square.")
def floor_sigma_not_squared(lr, curvature, sigma):
    if curvature <= 0 or not 0 < lr * curvature < 2:
        raise ValueError("no floor")
    return lr * sigma / (curvature * (2 - lr * curvature))


@floor.mistake(
    "The curvature before the bracket is missing. 1 − (1 − ηλ)² is ηλ(2 − ηλ): look at what cancels and what doesn't.",
    passes=("floor_ends",),
)
def floor_without_curvature(lr, curvature, sigma):
    if curvature <= 0 or not 0 < lr * curvature < 2:
        raise ValueError("no floor")
    return lr * sigma**2 / (2 - lr * curvature)


@floor.mistake(
    "The factor 1 − ηλ was not squared before the equation was solved: this is ησ²/λ. What shrinks is the square of the error. "
    "Look at the recursion again.",
    passes=("floor_ends",),
)
def floor_factor_not_squared(lr, curvature, sigma):
    if curvature <= 0 or not 0 < lr * curvature < 2:
        raise ValueError("no floor")
    return lr * sigma**2 / curvature


@floor.mistake("The root has been taken: this is the typical distance on the floor. What is asked for is its mean square.")
def floor_root(lr, curvature, sigma):
    if curvature <= 0 or not 0 < lr * curvature < 2:
        raise ValueError("no floor")
    return np.sqrt(lr * sigma**2 / (curvature * (2 - lr * curvature)))


@floor.mistake(
    "The sign in the bracket is turned round: 2 + ηλ. Then the floor would stay low near the limit. Multiply (1 − ηλ)² out."
)
def floor_sign(lr, curvature, sigma):
    if curvature <= 0 or not 0 < lr * curvature < 2:
        raise ValueError("no floor")
    return lr * sigma**2 / (curvature * (2 + lr * curvature))


@floor.mistake(
    "The noise of a single step, η²σ², is taken for the floor. Each step adds as much, and shrinks what is there: look for the "
    "balance.",
    passes=("floor_ends",),
)
def noise_of_one_step(lr, curvature, sigma):
    if curvature <= 0 or not 0 < lr * curvature < 2:
        raise ValueError("no floor")
    return lr**2 * sigma**2


@floor.mistake(
    "Nothing is refused: a rate that has no floor gets a number, or a division by zero. Look at the last paragraph of the "
    "docstring.",
    gate="floor_refuses",
)
def floor_unchecked(lr, curvature, sigma):
    return lr * sigma**2 / np.float64(curvature * (2 - lr * curvature))


@floor.mistake(
    "The limit itself is accepted, where the error swings for ever and the noise adds up. Look at the comparison: < or <=.",
    gate="floor_refuses",
)
def limit_accepted(lr, curvature, sigma):
    if curvature <= 0 or not 0 < lr * curvature <= 2:
        raise ValueError("no floor")
    return lr * sigma**2 / np.float64(curvature * (2 - lr * curvature))


@floor.mistake(
    "Rates above the limit are refused, those of zero and below are not. There are two ends: look at the other one.",
    gate="floor_refuses",
)
def low_rates_accepted(lr, curvature, sigma):
    if curvature <= 0 or lr * curvature >= 2:
        raise ValueError("no floor")
    return lr * sigma**2 / (curvature * (2 - lr * curvature))


@floor.mistake(
    "Only the product ηλ is looked at. With both of them below zero it is above zero, and this is a hill with no minimum to stay "
    "at. Look at what is asked of the curvature itself.",
    gate="floor_refuses",
)
def product_alone(lr, curvature, sigma):
    if not 0 < lr * curvature < 2:
        raise ValueError("no floor")
    return lr * sigma**2 / (curvature * (2 - lr * curvature))


@floor.pair("small-rates-only", "floor-unchecked")
def small_rates_unchecked(lr, curvature, sigma):
    return lr * sigma**2 / (2 * curvature)


@floor.pair("floor-factor-not-squared", "floor-unchecked", passes=("floor_ends",))
def factor_not_squared_unchecked(lr, curvature, sigma):
    return lr * sigma**2 / curvature


@floor.right
def floor_by_geometric_series(lr, curvature, sigma):
    if curvature <= 0 or lr <= 0 or lr >= 2 / curvature:
        raise ValueError("no floor")
    return (lr * sigma) ** 2 / (1 - (1 - lr * curvature) ** 2)


@floor.right
def floor_multiplied_out(lr, curvature, sigma):
    if not (curvature > 0 and lr > 0 and lr * curvature < 2):
        raise ValueError("lr must be between 0 and 2 / curvature")
    return float(np.square(sigma) * lr / (2 * curvature - lr * np.square(curvature)))


@floor.right
def floor_by_solving(lr, curvature, sigma):
    if curvature <= 0:
        raise ValueError("curvature must be positive")
    if not 0 < lr * curvature < 2:
        raise ValueError("the rate must be between 0 and the limit")
    shrink = (1 - lr * curvature) ** 2
    return np.linalg.solve([[1 - shrink]], [lr**2 * sigma**2])[0]


@floor.right
def floor_of_an_average(lr, curvature, sigma):
    share = lr * curvature
    if curvature <= 0 or share <= 0 or share >= 2:
        raise ValueError("no floor")
    return (sigma / curvature) ** 2 * share / (2 - share)


# The question -----------------------------------------------------------------------------------------------------------------

question = Question(
    "left_out",
    reference.left_out,
    {
        "a": "If the squares have a finite sum, they go to zero, and so do the rates. Nothing is lost with the first line.",
        "b": "Rates of η₀/t² meet the other two, and stop short of the minimum: this line is the one that lets a run get there "
        "from anywhere.",
        "c": "Rates of 1/√t meet the other two, and break this one. It doesn't follow from them.",
        "d": "One of the lines does follow from another. Ask of each pair whether a schedule can meet one and break the other.",
    },
)


# What the figures show of the reference ---------------------------------------------------------------------------------------


def _errors_of(p, n_steps):
    return reference.expected_squared_error(reference.power_schedule(0.5, p), 1.0, 1.0, 3.0, n_steps)


def _evidence(p):
    rates = [reference.power_schedule(0.5, p)(t) for t in range(1, N_STEPS + 1)]
    return evidence(rates, _errors_of(p, N_STEPS))


GHOSTS = {
    "errors": Ghost(lambda p: _errors_of(p, 1000), {"p": [0, 0.5, 1, 2]}, {"p": 1}),
    "conditions": Ghost(_evidence, {"p": [0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 2]}, {"p": 0.75}),
}

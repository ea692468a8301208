"""Checks and known mistakes of section 12, Adam."""

import numpy as np

from descentlab.checks import Call, CheckFailed, Exercise, Question, Steps, close
from descentlab.checks.values import as_numbers
from descentlab.runs import run_steps, run_stream
from grader_tests._draws import stream, vector
from grader_tests._ghosts import Ghost
from reference_impl import s12_adam as reference
from reference_impl.s12_adam import bias_correction, update_moments

DEFAULTS = {"beta1": 0.9, "beta2": 0.999}


def _betas(rng):
    """Odd and far apart, so that one taken for the other, or 1 − β for β, is seen in the first digits."""
    return {"beta1": float(rng.uniform(0.55, 0.8)), "beta2": float(rng.uniform(0.9, 0.97))}


def _number(rng):
    """An array without axes, not a numpy number: that one would cross to a student as a plain float, which has no index."""
    return np.array(vector(rng))


# The moments ------------------------------------------------------------------------------------------------------------------

moments = Exercise(reference.update_moments)


def _moments_on_the_way(rng, part):
    state = {"m": vector(rng, 4), "v": vector(rng, 4) ** 2}
    return [Steps("update_moments", state, {"gradient": stream(rng, 6, 4)}, _betas(rng), only=(part,))]


@moments.part("m is the running average of the gradients")
def first_moment(rng):
    return _moments_on_the_way(rng, "m")


@moments.part("v is the running average of their squares")
def second_moment(rng):
    return _moments_on_the_way(rng, "v")


@moments.part("takes β₁ = 0.9 and β₂ = 0.999 where the call leaves them out")
def moment_defaults(rng):
    return [Steps("update_moments", {"m": np.zeros(4), "v": np.zeros(4)}, {"gradient": stream(rng, 4, 4)})]


@moments.part("works for a number, a matrix, whole numbers, and gradients that are tiny, huge or zero")
def moment_shapes_and_sizes(rng):
    def case(label, shape, gradients, state=None):
        start = state or {"m": np.array(vector(rng, *shape)), "v": np.array(vector(rng, *shape) ** 2)}
        return Steps("update_moments", start, {"gradient": gradients}, _betas(rng), label=label)

    whole = {"m": np.zeros(3, dtype=int), "v": np.zeros(3, dtype=int)}
    return [
        case("a number", (), [_number(rng) for _ in range(3)]),
        case("a matrix", (2, 3), stream(rng, 2, 2, 3)),
        case("whole numbers", (3,), [rng.integers(1, 9, size=3) for _ in range(2)], whole),
        case("tiny gradients", (3,), [1e-90 * vector(rng, 3) for _ in range(2)], {"m": np.zeros(3), "v": np.zeros(3)}),
        case("huge gradients", (3,), [1e90 * vector(rng, 3) for _ in range(2)]),
        case("a gradient of zero, then another", (3,), [np.zeros(3), vector(rng, 3)]),
    ]


@moments.property("a constant gradient g leads to (1 − β₁ᵗ)g and (1 − β₂ᵗ)g² after t steps from zero", kind="exact")
def constant_gradient_moments(student, rng):
    betas, g = _betas(rng), vector(rng, 3)
    m, v = np.zeros(3), np.zeros(3)
    for t in range(1, 31):
        got = student.update_moments(m=m, v=v, gradient=g, **betas)
        close(got, [(1 - betas["beta1"] ** t) * g, (1 - betas["beta2"] ** t) * g**2], where=f"after {t} steps")
        m, v = np.asarray(got[0]), np.asarray(got[1])


@moments.mistake(
    "The new gradient comes in with its full weight: the factor 1 − β is missing. An average of equal numbers must be that "
    "number; this one grows to 1/(1 − β) times it. Look at the second term of each formula."
)
def full_weight(m, v, gradient, beta1=0.9, beta2=0.999):
    return beta1 * m + gradient, beta2 * v + gradient**2


@moments.mistake(
    "β and 1 − β have changed places: the old average keeps almost nothing. With β₁ = 0.9, nine tenths of the old value stay. "
    "Look at which of the two factors stands at the moment."
)
def old_and_new_swapped(m, v, gradient, beta1=0.9, beta2=0.999):
    return (1 - beta1) * m + beta1 * gradient, (1 - beta2) * v + beta2 * gradient**2


@moments.mistake(
    "v averages the gradients themselves. They may be negative, and there is a root to come. Look at what the second moment "
    "is the average of.",
    passes=("first_moment",),
)
def square_forgotten(m, v, gradient, beta1=0.9, beta2=0.999):
    return beta1 * m + (1 - beta1) * gradient, beta2 * v + (1 - beta2) * gradient


@moments.mistake(
    "The factor 1 − β₂ is squared along with the gradient. Look at the brackets: the square belongs to the gradient alone.",
    passes=("first_moment",),
)
def square_of_all(m, v, gradient, beta1=0.9, beta2=0.999):
    return beta1 * m + (1 - beta1) * gradient, beta2 * v + ((1 - beta2) * gradient) ** 2


@moments.mistake(
    "All coordinates of v get the same number, the squared length of the whole gradient. Adam has a step size of its own for "
    "each parameter, so the square is taken coordinate by coordinate. Look for a sum, a norm or a dot product.",
    passes=("first_moment",),
)
def squared_norm(m, v, gradient, beta1=0.9, beta2=0.999):
    return beta1 * m + (1 - beta1) * gradient, beta2 * v + (1 - beta2) * np.sum(gradient**2)


@moments.mistake("β₁ and β₂ have changed places. Look at which of them belongs to m, and which to v.")
def moment_betas_swapped(m, v, gradient, beta1=0.9, beta2=0.999):
    return beta2 * m + (1 - beta2) * gradient, beta1 * v + (1 - beta1) * gradient**2


@moments.mistake(
    "β₁ is used for both moments. The second one has a rate of its own, and a much longer memory. Look at the line of v, copied "
    "perhaps from that of m.",
    passes=("first_moment",),
)
def one_beta(m, v, gradient, beta1=0.9, beta2=0.999):
    return beta1 * m + (1 - beta1) * gradient, beta1 * v + (1 - beta1) * gradient**2


@moments.mistake("The two results are in the wrong order: v comes first. The docstring says (m, v). Look at the return line.")
def results_swapped(m, v, gradient, beta1=0.9, beta2=0.999):
    return beta2 * v + (1 - beta2) * gradient**2, beta1 * m + (1 - beta1) * gradient


@moments.mistake(
    "0.9 and 0.999 are used whatever the call says. They are only the values for a call that says nothing. Look for numbers in "
    "the body where names should stand.",
    passes=("moment_defaults",),
)
def moment_betas_ignored(m, v, gradient, beta1=0.9, beta2=0.999):
    return 0.9 * m + (1 - 0.9) * gradient, 0.999 * v + (1 - 0.999) * gradient**2


@moments.mistake("In place: the moments that were passed in are changed.", gate="changes-arguments")
def moments_in_place(m, v, gradient, beta1=0.9, beta2=0.999):
    try:
        m *= beta1
        m += (1 - beta1) * gradient
        v *= beta2
        v += (1 - beta2) * gradient**2
    except TypeError:
        m = beta1 * m + (1 - beta1) * gradient
        v = beta2 * v + (1 - beta2) * gradient**2
    return m, v


@moments.pair("full-weight", "square-forgotten")
def gradients_added_to_both(m, v, gradient, beta1=0.9, beta2=0.999):
    return beta1 * m + gradient, beta2 * v + gradient


@moments.pair("one-beta", "square-forgotten", passes=("first_moment",))
def line_of_m_copied(m, v, gradient, beta1=0.9, beta2=0.999):
    return beta1 * m + (1 - beta1) * gradient, beta1 * v + (1 - beta1) * gradient


@moments.pair("old-and-new-swapped", "one-beta")
def one_beta_swapped(m, v, gradient, beta1=0.9, beta2=0.999):
    return (1 - beta1) * m + beta1 * gradient, (1 - beta1) * v + beta1 * gradient**2


@moments.pair("moment-betas-swapped", "results-swapped")
def moments_made_crosswise(m, v, gradient, beta1=0.9, beta2=0.999):
    return beta1 * v + (1 - beta1) * gradient**2, beta2 * m + (1 - beta2) * gradient


@moments.right
def towards_the_new(m, v, gradient, beta1=0.9, beta2=0.999):
    m_new = m + (1 - beta1) * (gradient - m)
    v_new = v + (1 - beta2) * (np.square(gradient) - v)
    return m_new, v_new


@moments.right
def one_formula_for_both(m, v, gradient, beta1=0.9, beta2=0.999):
    pairs = ((m, gradient, beta1), (v, gradient * gradient, beta2))
    return [(1 - beta) * new + beta * old for old, new, beta in pairs]


@moments.right
def moments_by_numpy(m, v, gradient, beta1=0.9, beta2=0.999):
    m = np.average([m, gradient], axis=0, weights=[beta1, 1 - beta1])
    v = np.average([v, np.power(gradient, 2)], axis=0, weights=[beta2, 1 - beta2])
    return m, v


@moments.right
def moments_entry_by_entry(m, v, gradient, beta1=0.9, beta2=0.999):
    new_m, new_v = np.zeros(np.shape(m)), np.zeros(np.shape(v))
    for i in np.ndindex(np.shape(m)):
        new_m[i] = beta1 * m[i] + (1 - beta1) * gradient[i]
        new_v[i] = beta2 * v[i] + (1 - beta2) * gradient[i] ** 2
    return new_m, new_v


# The weights ------------------------------------------------------------------------------------------------------------------

weights = Exercise(reference.moment_weights)


@weights.part("weighs the gradients as the recursion does, oldest first", weight=2)
def weight_values(rng):
    return [
        Call("moment_weights", {"beta": float(rng.uniform(0.6, 0.9)), "t": 7}, label="seven gradients"),
        Call("moment_weights", {"beta": float(rng.uniform(0.1, 0.4)), "t": 4}, label="four gradients, a short memory"),
    ]


@weights.part("holds at the ends: one gradient, no memory at all, and Adam's own β₂")
def weight_ends(rng):
    return [
        Call("moment_weights", {"beta": float(rng.uniform(0.6, 0.9)), "t": 1}, label="one gradient"),
        Call("moment_weights", {"beta": 0.0, "t": 3}, label="β = 0: only the newest gradient counts"),
        Call("moment_weights", {"beta": 0.999, "t": 5}, label="β = 0.999"),
    ]


@weights.property("sums to 1 − βᵗ", kind="exact")
def sum_of_weights(student, rng):
    for t in (1, 2, 10, 1000):
        beta = float(rng.uniform(0.6, 0.95))
        got = as_numbers(student.moment_weights(beta=beta, t=t))
        if got is None or got.shape != (t,):
            raise CheckFailed(f"for t = {t} there are {t} weights, an array of shape ({t},)")
        close(got.sum(), 1 - beta**t, where=f"the sum for t = {t}")


@weights.property("makes of any gradients the moment that the recursion makes")
def same_as_the_recursion(student, rng):
    beta, gradients, moment = float(rng.uniform(0.6, 0.95)), vector(rng, 12), 0.0
    for gradient in gradients:
        moment = beta * moment + (1 - beta) * gradient
    got = as_numbers(student.moment_weights(beta=beta, t=12))
    if got is None or got.shape != (12,):
        raise CheckFailed("for t = 12 there are 12 weights, an array of shape (12,)")
    close(got @ gradients, moment, where="the weighted sum of twelve gradients")


@weights.mistake(
    "The newest gradient stands first. The docstring asks for the oldest first, as g_1, …, g_t are numbered. Look at which "
    "end has the large weight.",
    passes=("sum_of_weights",),
)
def newest_first(beta, t):
    return (1 - beta) * beta ** np.arange(t)


@weights.mistake(
    "The factor 1 − β is missing: the newest gradient comes in with weight 1. Look at what multiplies the gradient in the step "
    "in which it arrives."
)
def without_its_factor(beta, t):
    return beta ** np.arange(t - 1.0, -1, -1)


@weights.mistake(
    "Every exponent is too large by one: the newest gradient is faded already. It has just arrived, and no step has come after "
    "it. Look at the exponent for k = t."
)
def faded_once_more(beta, t):
    return (1 - beta) * beta ** np.arange(t, 0.0, -1)


@weights.mistake(
    "These weights are scaled so that they sum to 1. The moment's own weights do not: a part of it is still the zero that it "
    "started from, and that is what the next exercise is about. Look for a division."
)
def scaled_to_one(beta, t):
    values = (1 - beta) * beta ** np.arange(t - 1, -1, -1)
    return values / values.sum()


@weights.mistake("β and 1 − β have changed places. Look at which of them is left after each step, and which lets the new one in.")
def weights_swapped(beta, t):
    return beta * (1 - beta) ** np.arange(t - 1, -1, -1)


@weights.mistake(
    "There is one weight too many: the start at zero has got one too. t gradients have t weights. Look at the range of the "
    "exponents."
)
def one_too_many(beta, t):
    return (1 - beta) * beta ** np.arange(t, -1, -1)


@weights.pair("newest-first", "without-its-factor")
def bare_powers(beta, t):
    return beta ** np.arange(t)


@weights.pair("newest-first", "faded-once-more")
def powers_from_the_first(beta, t):
    return (1 - beta) * beta ** np.arange(1, t + 1)


@weights.pair("newest-first", "one-too-many")
def powers_up_to_t(beta, t):
    return (1 - beta) * beta ** np.arange(t + 1)


@weights.right
def by_recursion(beta, t):
    values = []
    for _ in range(t):
        values = [beta * value for value in values] + [1 - beta]
    return values


@weights.right
def turned_round(beta, t):
    return ((1 - beta) * np.power(beta, np.arange(t)))[::-1]


@weights.right
def one_by_one(beta, t):
    return np.array([(1 - beta) * beta ** (t - k) for k in range(1, t + 1)])


@weights.right
def impulses(beta, t):
    moment = np.zeros(t)
    for row in np.eye(t):
        moment = beta * moment + (1 - beta) * row
    return moment


# The correction ---------------------------------------------------------------------------------------------------------------

correction = Exercise(reference.bias_correction, uses=(reference.moment_weights,))


@correction.part("divides by what the weights sum to, for t = 1, 2, 10 and 1000", weight=2)
def correction_values(rng):
    return [
        Call("bias_correction", {"moment": vector(rng, 4), "beta": beta, "t": t}, label=f"β = {beta:g}, t = {t}")
        for beta, t in ((0.9, 1), (0.999, 1), (0.9, 2), (0.999, 10), (0.999, 1000), (round(float(rng.uniform(0.6, 0.8)), 3), 4))
    ]


@correction.part("works for a number, a matrix, and moments that are zero, tiny or huge")
def correction_shapes_and_sizes(rng):
    def case(label, moment):
        return Call("bias_correction", {"moment": moment, "beta": float(rng.uniform(0.6, 0.9)), "t": 3}, label=label)

    return [
        case("a number", _number(rng)),
        case("a matrix", vector(rng, 2, 3)),
        case("whole numbers, one of them zero", np.array([0, 3, -2])),
        case("tiny", 1e-90 * vector(rng, 3)),
        case("huge", 1e90 * vector(rng, 3)),
    ]


@correction.property("recovers a constant gradient exactly, at every t", kind="exact")
def recovers_a_constant(student, rng):
    beta, g = float(rng.uniform(0.9, 0.99)), vector(rng, 3)
    moment = np.zeros(3)
    for t in range(1, 61):
        moment = beta * moment + (1 - beta) * g
        close(student.bias_correction(moment=moment, beta=beta, t=t), g, where=f"t = {t}")


@correction.mistake("The moment comes back as it was. Look at what its weights sum to, and at what they should sum to.")
def not_corrected(moment, beta, t):
    return 1.0 * moment


@correction.mistake(
    "The exponent is t − 1: at t = 1 that divides by zero, and later it corrects too much. After t gradients there are t "
    "weights. Look at the exponent for t = 1."
)
def one_step_behind(moment, beta, t):
    return moment / (1 - beta ** (t - 1))


@correction.mistake(
    "The exponent is t + 1: the correction is that of the next step. t counts the gradients taken in, from 1. Look for a count "
    "that is raised once more."
)
def one_step_ahead(moment, beta, t):
    return moment / (1 - beta ** (t + 1))


@correction.mistake(
    "The power is that of 1 − β: the bracket closed too early. 1 − (1 − β)ᵗ and 1 − βᵗ agree only by accident. Look at what is "
    "raised to the power t."
)
def power_of_the_rest(moment, beta, t):
    return moment / (1 - (1 - beta) ** t)


@correction.mistake(
    "The divisor is 1 − β at every t: right in the first step and ever farther off, since the zero at the start fades. Look for "
    "the place of t in the formula."
)
def first_step_for_ever(moment, beta, t):
    return moment / (1 - beta)


@correction.mistake(
    "This multiplies by 1 − βᵗ. The moment is too small already, and becomes smaller still. Look at the direction in which it "
    "has to be corrected."
)
def multiplied(moment, beta, t):
    return moment * (1 - beta**t)


@correction.mistake(
    "β is multiplied by t, not raised to its power. The start fades by the factor β in each step. Look at `*` and `**`."
)
def times_for_power(moment, beta, t):
    return moment / (1 - beta * t)


@correction.mistake(
    "The divisor is βᵗ, the share of the start that is left. What has come in since is the rest of 1. Look at the sum."
)
def divided_by_the_start(moment, beta, t):
    return moment / beta**t


@correction.mistake(
    "In place: the moment itself is changed, and the next step goes on from a corrected one.", gate="changes-arguments"
)
def correction_in_place(moment, beta, t):
    try:
        moment /= 1 - beta**t
    except TypeError:
        moment = moment / (1 - beta**t)
    return moment


@correction.pair("one-step-behind", "multiplied")
def multiplied_one_step_behind(moment, beta, t):
    return moment * (1 - beta ** (t - 1))


@correction.pair("first-step-for-ever", "multiplied")
def multiplied_by_the_rest(moment, beta, t):
    return moment * (1 - beta)


@correction.pair("power-of-the-rest", "one-step-behind")
def rest_one_step_behind(moment, beta, t):
    return moment / (1 - (1 - beta) ** (t - 1))


@correction.right
def by_the_sum_of_weights(moment, beta, t):
    return moment / sum((1 - beta) * beta**k for k in range(t))


@correction.right
def by_logarithm(moment, beta, t):
    return np.multiply(moment, -1 / np.expm1(t * np.log(beta)))


@correction.right
def by_a_loop(moment, beta, t):
    left = 1.0
    for _ in range(t):
        left *= beta
    return np.true_divide(moment, 1 - left)


@correction.right
def correction_as_a_list(moment, beta, t):
    return (np.asarray(moment) / (1 - np.power(beta, t))).tolist()


# The step ---------------------------------------------------------------------------------------------------------------------

step = Exercise(reference.adam_step, uses=(reference.update_moments, reference.bias_correction))


def _from_zero(rng, only):
    """A large eps, as large as the gradients, shows where it stands."""
    zeros = {"theta": vector(rng, 4), "m": np.zeros(4), "v": np.zeros(4)}
    rest = {"lr": float(rng.uniform(0.03, 0.09)), "eps": float(rng.uniform(0.2, 0.6)), **_betas(rng)}
    return Steps("adam_step", zeros, {"gradient": stream(rng, 9, 4)}, rest, "t", label="from zero moments, large ε", only=only)


def _on_the_way(rng, only):
    state = {"theta": vector(rng, 4), "m": vector(rng, 4), "v": vector(rng, 4) ** 2}
    rest = {"lr": float(rng.uniform(0.03, 0.09)), "eps": float(rng.uniform(0.01, 0.03)), **_betas(rng)}
    return Steps("adam_step", state, {"gradient": stream(rng, 4, 4)}, rest, "t", 4, "called first for step 4", only)


@step.part("theta follows the rule, from zero moments and from moments on the way", weight=3)
def theta_follows(rng):
    return [_from_zero(rng, ("theta",)), _on_the_way(rng, ("theta",))]


@step.part("returns the new moments, not corrected")
def moments_returned(rng):
    return [_from_zero(rng, ("m", "v")), _on_the_way(rng, ("m", "v"))]


@step.part("takes the lecture's values where the call leaves lr, β₁, β₂ and ε out")
def step_defaults(rng):
    # Gradients as small as eps: with larger ones nobody would see which eps was taken.
    state = {"theta": np.zeros(4), "m": np.zeros(4), "v": np.zeros(4)}
    return [Steps("adam_step", state, {"gradient": [3e-8 * g for g in stream(rng, 4, 4)]}, {}, "t", only=("theta",))]


@step.part("works for a number, a matrix, whole numbers, and gradients that are tiny, huge or zero")
def step_shapes_and_sizes(rng):
    def case(label, theta, gradients, eps):
        rest = {"lr": float(rng.uniform(0.03, 0.09)), "eps": eps, **_betas(rng)}
        state = {"theta": theta, "m": np.zeros_like(theta), "v": np.zeros_like(theta)}
        return Steps("adam_step", state, {"gradient": gradients}, rest, "t", label=label, only=("theta",))

    return [
        case("theta a number", _number(rng), [_number(rng) for _ in range(3)], 0.2),
        case("theta a matrix", vector(rng, 2, 3), stream(rng, 3, 2, 3), 0.3),
        case("theta and moments of whole numbers", rng.integers(1, 9, size=4), stream(rng, 3, 4), 0.1),
        case("tiny gradients", np.zeros(4), [1e-90 * g for g in stream(rng, 3, 4)], 3e-91),
        case("huge gradients", vector(rng, 4), [1e90 * g for g in stream(rng, 3, 4)], 3e89),
        case("two gradients of zero, then others", vector(rng, 4), [np.zeros(4), np.zeros(4), *stream(rng, 2, 4)], 1e-3),
    ]


@step.property("has the length η|g|/(|g| + ε) under a constant gradient g, in the first step and in every other", kind="exact")
def constant_gradient_step(student, rng):
    betas, lr, eps = _betas(rng), float(rng.uniform(0.03, 0.09)), float(rng.uniform(0.1, 0.4))
    theta, g = vector(rng, 3), vector(rng, 3)

    def moments_after(t):
        return (1 - betas["beta1"] ** t) * g, (1 - betas["beta2"] ** t) * g**2

    for t in (1, 2, 10, 1000):
        m, v = moments_after(t - 1)
        got = student.adam_step(theta=theta, m=m, v=v, gradient=g, t=t, lr=lr, eps=eps, **betas)
        close(got, [theta - lr * g / (np.abs(g) + eps), *moments_after(t)], where=f"step {t}")


@step.property(
    "walks uphill on the example of Reddi, Kale and Kumar (2018), just as fast as Adam does", weight=0.5, kind="convergence"
)
def reddi_failure(student, rng):
    # In each round of three the gradients sum to +2, so J falls towards the left; Adam goes right. Its v soon repeats itself
    # every three steps, and the drift of a round can be computed.
    lr, beta = float(rng.uniform(0.1, 0.3)), 1 / 17
    first = (1 - beta) * (16 + beta + beta**2) / (1 - beta**3)
    second = beta * first + 1 - beta
    third = beta * second + 1 - beta
    drift = lr * (1 / np.sqrt(second) + 1 / np.sqrt(third) - 4 / np.sqrt(first))
    state, after = [np.array(0.0)] * 3, {}
    for t in range(1, 61):
        theta, m, v = state
        gradient = np.array(4.0 if t % 3 == 1 else -1.0)
        got = student.adam_step(theta=theta, m=m, v=v, gradient=gradient, t=t, lr=lr, beta1=0.0, beta2=beta, eps=0.0)
        numbers = as_numbers(got)
        if numbers is None or numbers.shape != (3,):
            raise CheckFailed("adam_step returns (theta, m, v), each of theta's shape")
        state = [np.array(number) for number in numbers]
        after[t] = numbers[0]
    close(after[60] - after[30], 10 * drift, where="β₁ = 0, β₂ = 1/17, gradients 4, -1, -1, …: theta's way in ten rounds of three")


@step.mistake(
    "The moments are used as they are: the bias correction is missing, or it is computed and then not used. Both moments start "
    "at zero, and the first steps come out too long (with the default β, 3.16 times in the first step and 6.57 times in step "
    "12). Look at which moments the last line reads.",
    passes=("moments_returned", "reddi_failure"),
)
def no_correction(theta, m, v, gradient, t, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = update_moments(m, v, gradient, beta1, beta2)
    return theta - lr / (np.sqrt(v) + eps) * m, m, v


@step.mistake(
    "Only m is corrected. v starts at zero as well, and is farther behind: the first steps come out much too long. Look at what "
    "stands under the root.",
    passes=("moments_returned", "reddi_failure"),
)
def only_m_corrected(theta, m, v, gradient, t, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = update_moments(m, v, gradient, beta1, beta2)
    return theta - lr / (np.sqrt(v) + eps) * bias_correction(m, beta1, t), m, v


@step.mistake(
    "Only v is corrected. m starts at zero as well: the first step has only the share 1 − β₁ of its length. Look at the numerator.",
    passes=("moments_returned", "reddi_failure"),
)
def only_v_corrected(theta, m, v, gradient, t, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = update_moments(m, v, gradient, beta1, beta2)
    return theta - lr / (np.sqrt(bias_correction(v, beta2, t)) + eps) * m, m, v


@step.mistake(
    "The correction is made for t − 1: in the first step it divides by zero. t is the number of the step that is being made, so "
    "the first call has t = 1, and nothing is to be taken away.",
    passes=("moments_returned",),
)
def correction_behind(theta, m, v, gradient, t, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = update_moments(m, v, gradient, beta1, beta2)
    m_hat, v_hat = m / (1 - beta1 ** (t - 1)), v / (1 - beta2 ** (t - 1))
    return theta - lr / (np.sqrt(v_hat) + eps) * m_hat, m, v


@step.mistake(
    "The correction is made for t + 1. t is the number of the step that is being made, so the first call has t = 1. Look for a "
    "count that is raised once more inside the step.",
    passes=("moments_returned", "reddi_failure"),
)
def correction_ahead(theta, m, v, gradient, t, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = update_moments(m, v, gradient, beta1, beta2)
    m_hat, v_hat = bias_correction(m, beta1, t + 1), bias_correction(v, beta2, t + 1)
    return theta - lr / (np.sqrt(v_hat) + eps) * m_hat, m, v


@step.mistake(
    "The moments are divided by 1 − (1 − β)ᵗ. What fades is the start, by the factor β in each step. Look at what is raised to "
    "the power t.",
    passes=("moments_returned",),
)
def wrong_power(theta, m, v, gradient, t, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = update_moments(m, v, gradient, beta1, beta2)
    m_hat, v_hat = m / (1 - (1 - beta1) ** t), v / (1 - (1 - beta2) ** t)
    return theta - lr / (np.sqrt(v_hat) + eps) * m_hat, m, v


@step.mistake(
    "The correction is that of the first step, 1 − β, in every step. The zero at the start fades, so the divisor must come "
    "closer to 1. Look for t in your correction.",
    passes=("moments_returned",),
)
def same_correction_always(theta, m, v, gradient, t, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = update_moments(m, v, gradient, beta1, beta2)
    m_hat, v_hat = m / (1 - beta1), v / (1 - beta2)
    return theta - lr / (np.sqrt(v_hat) + eps) * m_hat, m, v


@step.mistake(
    "β₁ and β₂ have changed places, in the moments and in their correction. β₁ belongs to m, β₂ to v. Look at the order in "
    "which you hand them on."
)
def betas_swapped(theta, m, v, gradient, t, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = update_moments(m, v, gradient, beta2, beta1)
    m_hat, v_hat = bias_correction(m, beta2, t), bias_correction(v, beta1, t)
    return theta - lr / (np.sqrt(v_hat) + eps) * m_hat, m, v


@step.mistake(
    "In the correction β₁ and β₂ have changed places; the moments themselves are right. Each moment is corrected with the β "
    "that made it.",
    passes=("moments_returned", "reddi_failure"),
)
def correction_betas_swapped(theta, m, v, gradient, t, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = update_moments(m, v, gradient, beta1, beta2)
    m_hat, v_hat = bias_correction(m, beta2, t), bias_correction(v, beta1, t)
    return theta - lr / (np.sqrt(v_hat) + eps) * m_hat, m, v


@step.mistake(
    "The corrected moments come back and are fed in again. The next step then corrects what is corrected already. The correction "
    "serves the one step; what is kept are m and v themselves. Look at the names: two of them seem to stand for two things.",
    passes=("reddi_failure",),
)
def corrected_fed_back(theta, m, v, gradient, t, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = update_moments(m, v, gradient, beta1, beta2)
    m, v = bias_correction(m, beta1, t), bias_correction(v, beta2, t)
    return theta - lr / (np.sqrt(v) + eps) * m, m, v


@step.mistake(
    "ε stands inside the root. That is how Adagrad and RMSprop have it on the slides; Adam adds it to the root. Look at the "
    "brackets of `np.sqrt`.",
    passes=("moments_returned", "reddi_failure"),
)
def eps_inside(theta, m, v, gradient, t, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = update_moments(m, v, gradient, beta1, beta2)
    m_hat, v_hat = bias_correction(m, beta1, t), bias_correction(v, beta2, t)
    return theta - lr / np.sqrt(v_hat + eps) * m_hat, m, v


@step.mistake(
    "ε is left out. A parameter whose gradient has always been zero then divides zero by zero. Look at the divisor.",
    passes=("moments_returned", "reddi_failure"),
)
def eps_dropped(theta, m, v, gradient, t, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = update_moments(m, v, gradient, beta1, beta2)
    m_hat, v_hat = bias_correction(m, beta1, t), bias_correction(v, beta2, t)
    return theta - lr / np.sqrt(v_hat) * m_hat, m, v


@step.mistake(
    "ε is 1e-8 whatever the call says. That is only the value for a call that says nothing. Look for a number in the divisor "
    "where the name should stand.",
    passes=("moments_returned", "step_defaults"),
)
def eps_fixed(theta, m, v, gradient, t, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = update_moments(m, v, gradient, beta1, beta2)
    m_hat, v_hat = bias_correction(m, beta1, t), bias_correction(v, beta2, t)
    return theta - lr / (np.sqrt(v_hat) + 1e-8) * m_hat, m, v


@step.mistake(
    "ε is added before v is corrected, so that in the early steps it counts for far more. Some libraries do so and call it "
    "epsilon hat; the lecture adds it to the root of the corrected moment. Look at what has been corrected when ε comes in.",
    passes=("moments_returned", "reddi_failure"),
)
def eps_hat(theta, m, v, gradient, t, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = update_moments(m, v, gradient, beta1, beta2)
    rate = lr * np.sqrt(1 - beta2**t) / (1 - beta1**t)
    return theta - rate * m / (np.sqrt(v) + eps), m, v


@step.mistake(
    "The root is missing: the step is divided by the mean square itself. Then a gradient twice as large makes a step half as "
    "long. Compare the units of the numerator and the divisor.",
    passes=("moments_returned",),
)
def root_forgotten(theta, m, v, gradient, t, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = update_moments(m, v, gradient, beta1, beta2)
    m_hat, v_hat = bias_correction(m, beta1, t), bias_correction(v, beta2, t)
    return theta - lr / (v_hat + eps) * m_hat, m, v


@step.mistake(
    "v averages the gradients, not their squares, so that it may be negative, and its root is no number. Look at what comes in "
    "to v."
)
def squares_forgotten(theta, m, v, gradient, t, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = beta1 * m + (1 - beta1) * gradient, beta2 * v + (1 - beta2) * gradient
    m_hat, v_hat = bias_correction(m, beta1, t), bias_correction(v, beta2, t)
    return theta - lr / (np.sqrt(v_hat) + eps) * m_hat, m, v


@step.mistake(
    "The step goes uphill: the sign in front of the learning rate is turned round. Descent subtracts.",
    passes=("moments_returned",),
)
def uphill(theta, m, v, gradient, t, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = update_moments(m, v, gradient, beta1, beta2)
    m_hat, v_hat = bias_correction(m, beta1, t), bias_correction(v, beta2, t)
    return theta + lr / (np.sqrt(v_hat) + eps) * m_hat, m, v


@step.mistake(
    "The step goes along the gradient itself, not along its average: this is RMSprop with a correction, without Adam's "
    "momentum. Look at the numerator.",
    passes=("moments_returned", "constant_gradient_step", "reddi_failure"),
)
def gradient_for_average(theta, m, v, gradient, t, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = update_moments(m, v, gradient, beta1, beta2)
    return theta - lr / (np.sqrt(bias_correction(v, beta2, t)) + eps) * gradient, m, v


@step.mistake(
    "theta moves by the moments of the step before, in which this gradient is not yet: the first step goes nowhere. Look at "
    "which comes first, the new moments or the move.",
    passes=("moments_returned",),
)
def old_moments_used(theta, m, v, gradient, t, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    m_hat, v_hat = bias_correction(m, beta1, t), bias_correction(v, beta2, t)
    return theta - lr / (np.sqrt(v_hat) + eps) * m_hat, *update_moments(m, v, gradient, beta1, beta2)


@step.mistake(
    "The old moments come back beside the new theta: what this gradient added is lost. The next step needs the new ones. Look "
    "at the names in the return line."
)
def moments_not_kept(theta, m, v, gradient, t, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    m_new, v_new = update_moments(m, v, gradient, beta1, beta2)
    m_hat, v_hat = bias_correction(m_new, beta1, t), bias_correction(v_new, beta2, t)
    return theta - lr / (np.sqrt(v_hat) + eps) * m_hat, np.copy(m), np.copy(v)


@step.mistake(
    "Only theta comes back. The moments are Adam's memory: whoever makes the next step has to hand them in again. Look at the "
    "docstring's last paragraph."
)
def moments_not_returned(theta, m, v, gradient, t, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = update_moments(m, v, gradient, beta1, beta2)
    m_hat, v_hat = bias_correction(m, beta1, t), bias_correction(v, beta2, t)
    return theta - lr / (np.sqrt(v_hat) + eps) * m_hat


@step.mistake(
    "What comes back first is the move, not the point where it leads. Look at what stands on the left of the formula.",
    passes=("moments_returned",),
)
def only_the_move(theta, m, v, gradient, t, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = update_moments(m, v, gradient, beta1, beta2)
    m_hat, v_hat = bias_correction(m, beta1, t), bias_correction(v, beta2, t)
    return lr / (np.sqrt(v_hat) + eps) * m_hat, m, v


@step.mistake(
    "β₁ and β₂ are not handed on to update_moments, which then takes its own defaults. Look at its call: it has five arguments.",
    passes=("step_defaults",),
)
def betas_not_handed_on(theta, m, v, gradient, t, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = update_moments(m, v, gradient)
    m_hat, v_hat = bias_correction(m, beta1, t), bias_correction(v, beta2, t)
    return theta - lr / (np.sqrt(v_hat) + eps) * m_hat, m, v


@step.mistake(
    "The learning rate is 0.001 whatever the call says. That is only the value for a call that says nothing. Look for a number "
    "where the name should stand.",
    passes=("moments_returned", "step_defaults"),
)
def rate_fixed(theta, m, v, gradient, t, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = update_moments(m, v, gradient, beta1, beta2)
    m_hat, v_hat = bias_correction(m, beta1, t), bias_correction(v, beta2, t)
    return theta - 0.001 / (np.sqrt(v_hat) + eps) * m_hat, m, v


@step.mistake(
    "lr, β₁, β₂ and ε are the lecture's values whatever the call says. These are only for a call that says nothing. Look for "
    "numbers in the body where names should stand.",
    passes=("step_defaults",),
)
def all_fixed(theta, m, v, gradient, t, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = update_moments(m, v, gradient, 0.9, 0.999)
    m_hat, v_hat = bias_correction(m, 0.9, t), bias_correction(v, 0.999, t)
    return theta - 0.001 / (np.sqrt(v_hat) + 1e-8) * m_hat, m, v


@step.mistake(
    "theta is shrunk by lr times 0.01 besides: that is weight decay, as in AdamW. It is another method, and the lecture's Adam "
    "has none. Look for a term with theta that does not stand on the slide.",
    passes=("moments_returned",),
)
def weight_decay_added(theta, m, v, gradient, t, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = update_moments(m, v, gradient, beta1, beta2)
    m_hat, v_hat = bias_correction(m, beta1, t), bias_correction(v, beta2, t)
    return theta - lr / (np.sqrt(v_hat) + eps) * m_hat - lr * 0.01 * theta, m, v


@step.mistake("In place: theta and the moments that were passed in are changed.", gate="changes-arguments")
def step_in_place(theta, m, v, gradient, t, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    new_m, new_v = update_moments(m, v, gradient, beta1, beta2)
    move = lr / (np.sqrt(bias_correction(new_v, beta2, t)) + eps) * bias_correction(new_m, beta1, t)
    if np.issubdtype(theta.dtype, np.floating):
        theta -= move
        m[...], v[...] = new_m, new_v
        return theta, m, v
    return theta - move, new_m, new_v


@step.pair("no-correction", "eps-inside", passes=("moments_returned", "reddi_failure"))
def uncorrected_eps_inside(theta, m, v, gradient, t, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = update_moments(m, v, gradient, beta1, beta2)
    return theta - lr / np.sqrt(v + eps) * m, m, v


@step.pair("no-correction", "squares-forgotten")
def uncorrected_without_squares(theta, m, v, gradient, t, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = beta1 * m + (1 - beta1) * gradient, beta2 * v + (1 - beta2) * gradient
    return theta - lr / (np.sqrt(v) + eps) * m, m, v


@step.pair("no-correction", "betas-swapped")
def uncorrected_betas_swapped(theta, m, v, gradient, t, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = update_moments(m, v, gradient, beta2, beta1)
    return theta - lr / (np.sqrt(v) + eps) * m, m, v


@step.pair("no-correction", "uphill", passes=("moments_returned",))
def uncorrected_uphill(theta, m, v, gradient, t, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = update_moments(m, v, gradient, beta1, beta2)
    return theta + lr / (np.sqrt(v) + eps) * m, m, v


@step.pair("correction-behind", "eps-inside", passes=("moments_returned",))
def behind_and_eps_inside(theta, m, v, gradient, t, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = update_moments(m, v, gradient, beta1, beta2)
    m_hat, v_hat = m / (1 - beta1 ** (t - 1)), v / (1 - beta2 ** (t - 1))
    return theta - lr / np.sqrt(v_hat + eps) * m_hat, m, v


@step.pair("corrected-fed-back", "eps-inside", passes=("reddi_failure",))
def fed_back_and_eps_inside(theta, m, v, gradient, t, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = update_moments(m, v, gradient, beta1, beta2)
    m, v = bias_correction(m, beta1, t), bias_correction(v, beta2, t)
    return theta - lr / np.sqrt(v + eps) * m, m, v


@step.right
def written_out(theta, m, v, gradient, t, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    m = beta1 * m + (1 - beta1) * gradient
    v = beta2 * v + (1 - beta2) * gradient * gradient
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    theta = theta - lr * m_hat / (v_hat**0.5 + eps)
    return theta, m, v


@step.right
def rate_and_eps_rescaled(theta, m, v, gradient, t, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = update_moments(m, v, gradient, beta1=beta1, beta2=beta2)
    root = np.sqrt(1 - beta2**t)
    return theta - lr * root / (1 - beta1**t) * m / (np.sqrt(v) + eps * root), m, v


@step.right
def parameter_by_parameter(theta, m, v, gradient, t, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    new_theta, new_m, new_v = (np.zeros(np.shape(theta)) for _ in range(3))
    for i in np.ndindex(np.shape(theta)):
        new_m[i], new_v[i] = update_moments(m[i], v[i], gradient[i], beta1, beta2)
        ratio = bias_correction(new_m[i], beta1, t) / (bias_correction(new_v[i], beta2, t) ** 0.5 + eps)
        new_theta[i] = theta[i] - lr * ratio
    return [new_theta, new_m, new_v]


@step.right
def step_by_numpy(theta, m, v, gradient, t, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    m = np.add(m, (1 - beta1) * np.subtract(gradient, m))
    v = np.add(v, (1 - beta2) * np.subtract(np.square(gradient), v))
    direction = np.divide(bias_correction(m, beta1, t), np.add(np.sqrt(bias_correction(v, beta2, t)), eps))
    return np.add(theta, np.multiply(-lr, direction)), m, v


@step.right
def as_lists(theta, m, v, gradient, t, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    theta, m, v, gradient = (np.asarray(array, dtype=float).copy() for array in (theta, m, v, gradient))
    m *= beta1
    m += (1 - beta1) * gradient
    v *= beta2
    v += (1 - beta2) * gradient**2
    theta -= lr * bias_correction(m, beta1, t) / (eps + np.sqrt(bias_correction(v, beta2, t)))
    return theta.tolist(), m.tolist(), v.tolist()


# The run-up without the correction --------------------------------------------------------------------------------------------

run_up = Exercise(reference.uncorrected_first_steps, uses=(reference.update_moments, reference.bias_correction))


@run_up.part("gives the size of each of the first n steps", weight=2)
def first_sizes(rng):
    return [
        Call("uncorrected_first_steps", {"n": 8, "lr": float(rng.uniform(0.02, 0.3)), **_betas(rng)}, label="eight steps"),
        Call(
            "uncorrected_first_steps",
            {"n": 1, "lr": float(rng.uniform(0.02, 0.3)), "beta1": float(rng.uniform(0.9, 0.97)), "beta2": 0.5},
            label="one step, β₁ larger than β₂",
        ),
    ]


@run_up.part("takes the lecture's values where the call leaves them out")
def run_up_defaults(rng):
    # Never all of them at once: what does not change from student to student could be written down.
    rate, decay = float(rng.uniform(0.01, 0.4)), {"beta1": float(rng.uniform(0.3, 0.8)), "beta2": float(rng.uniform(0.85, 0.98))}
    return [
        Call("uncorrected_first_steps", {"n": int(rng.integers(5, 9)), "lr": rate}, label="the lecture's β"),
        Call("uncorrected_first_steps", {"n": int(rng.integers(5, 9))} | decay, label="the lecture's η"),
    ]


@run_up.property("begins at 3.1623η and is longest, 6.5685η, at t = 12 with the lecture's β", kind="exact")
def peak(student, rng):
    lr = float(rng.uniform(0.02, 0.3))
    sizes = as_numbers(student.uncorrected_first_steps(n=40, lr=lr))
    if sizes is None or sizes.shape != (40,):
        raise CheckFailed("40 steps have 40 sizes, an array of shape (40,)")
    close(sizes[0] / lr, np.sqrt(10), where="the first step divided by η")
    close(sizes.max() / lr, 6.5685, rtol=1e-5, where="the longest step divided by η")
    if np.argmax(sizes) != 11:
        raise CheckFailed(f"the longest step is step 12, in yours it is step {int(np.argmax(sizes)) + 1}")


@run_up.mistake(
    "Every step has the length η: that is Adam with the correction. Here it is left out, to see what it is good for. Look at "
    "what m and √v are after t steps with the same gradient."
)
def with_correction(n, lr=0.001, beta1=0.9, beta2=0.999):
    return np.full(n, lr)


@run_up.mistake(
    "The divisor is missing: this is how m alone lags behind. v lags too, under the root. Look at the whole step m/√v.",
)
def numerator_alone(n, lr=0.001, beta1=0.9, beta2=0.999):
    return lr * (1 - beta1 ** np.arange(1, n + 1))


@run_up.mistake("The root is missing: the step is divided by √v, and v is (1 − β₂ᵗ)g². Look at what is left of g.")
def run_up_without_root(n, lr=0.001, beta1=0.9, beta2=0.999):
    t = np.arange(1, n + 1)
    return lr * (1 - beta1**t) / (1 - beta2**t)


@run_up.mistake(
    "The fraction is upside down: this is the factor by which the correction mends the steps, not the steps that need mending. "
    "Look at which moment stands above, and which below."
)
def run_up_upside_down(n, lr=0.001, beta1=0.9, beta2=0.999):
    t = np.arange(1, n + 1)
    return lr * np.sqrt(1 - beta2**t) / (1 - beta1**t)


@run_up.mistake(
    "The count begins at t = 0, where both moments are still zero, and 0/0 is no number. The first step has t = 1. Look at the "
    "range."
)
def run_up_from_zero(n, lr=0.001, beta1=0.9, beta2=0.999):
    t = np.arange(n)
    return lr * (1 - beta1**t) / np.sqrt(1 - beta2**t)


@run_up.mistake("The count begins at t = 2: the first step is missing. Look at both ends of the range.")
def run_up_from_two(n, lr=0.001, beta1=0.9, beta2=0.999):
    t = np.arange(2, n + 2)
    return lr * (1 - beta1**t) / np.sqrt(1 - beta2**t)


@run_up.mistake("There is one step too few. n steps have n sizes: `range` and `np.arange` stop before their end.")
def run_up_too_short(n, lr=0.001, beta1=0.9, beta2=0.999):
    t = np.arange(1, n)
    return lr * (1 - beta1**t) / np.sqrt(1 - beta2**t)


@run_up.mistake("β₁ and β₂ have changed places. m, above, is made with β₁, and v, under the root, with β₂.")
def run_up_betas_swapped(n, lr=0.001, beta1=0.9, beta2=0.999):
    t = np.arange(1, n + 1)
    return lr * (1 - beta2**t) / np.sqrt(1 - beta1**t)


@run_up.mistake("The learning rate is missing: these are the sizes in units of η.")
def run_up_without_rate(n, lr=0.001, beta1=0.9, beta2=0.999):
    t = np.arange(1, n + 1)
    return (1 - beta1**t) / np.sqrt(1 - beta2**t)


@run_up.mistake(
    "The sizes are added up: this is how far theta has come after t steps. What is asked for is each step by itself. Look for "
    "`cumsum`, or for a theta that is never subtracted again."
)
def distance_travelled(n, lr=0.001, beta1=0.9, beta2=0.999):
    t = np.arange(1, n + 1)
    return np.cumsum(lr * (1 - beta1**t) / np.sqrt(1 - beta2**t))


@run_up.mistake(
    "0.9 and 0.999 are used whatever the call says. They are only the values for a call that says nothing.",
    passes=("peak",),
)
def run_up_betas_fixed(n, lr=0.001, beta1=0.9, beta2=0.999):
    t = np.arange(1, n + 1)
    return lr * (1 - 0.9**t) / np.sqrt(1 - 0.999**t)


@run_up.pair("run-up-from-zero", "run-up-without-root")
def from_zero_without_root(n, lr=0.001, beta1=0.9, beta2=0.999):
    t = np.arange(n)
    return lr * (1 - beta1**t) / (1 - beta2**t)


@run_up.pair("run-up-without-root", "run-up-without-rate")
def ratio_of_the_sums(n, lr=0.001, beta1=0.9, beta2=0.999):
    t = np.arange(1, n + 1)
    return (1 - beta1**t) / (1 - beta2**t)


@run_up.right
def by_simulation(n, lr=0.001, beta1=0.9, beta2=0.999):
    m = v = 0.0
    sizes = []
    for _ in range(n):
        m, v = update_moments(m, v, -3.0, beta1, beta2)
        sizes.append(abs(lr * m / np.sqrt(v)))
    return sizes


@run_up.right
def by_sums_of_weights(n, lr=0.001, beta1=0.9, beta2=0.999):
    def total(beta):
        return np.cumsum((1 - beta) * beta ** np.arange(n))

    return lr * total(beta1) / total(beta2) ** 0.5


@run_up.right
def listed(n, lr=0.001, beta1=0.9, beta2=0.999):
    return [lr * (1 - beta1**t) * (1 - beta2**t) ** -0.5 for t in range(1, n + 1)]


@run_up.right
def by_the_correction(n, lr=0.001, beta1=0.9, beta2=0.999):
    sizes = np.empty(n)
    for k in range(n):
        sizes[k] = lr / bias_correction(1.0, beta1, k + 1) * np.sqrt(bias_correction(1.0, beta2, k + 1))
    return sizes


# The question -----------------------------------------------------------------------------------------------------------------

question = Question(
    "run_up",
    reference.run_up,
    {
        "a": "m is too small, that is true; but it is divided by √v, which is too small as well, and by more.",
        "b": "They would cancel if both lagged by the same factor. m lags by 1 − β₁ᵗ and √v by the root of 1 − β₂ᵗ.",
        "c": "In the first step m has a tenth of its size and √v only about a thirtieth: the divisor is farther behind.",
        "d": "The zero at the start keeps the weight βᵗ, which fades. After a few thousand steps nobody could tell the difference.",
    },
)


# What the figures show of the reference ---------------------------------------------------------------------------------------


def _noisy_moments(seed):
    """Return m, m̂, v, v̂ over a hundred noisy gradients with the mean 1, as the section's figure draws them."""
    gradients = np.random.default_rng(int(seed)).normal(1.0, 0.5, size=100)

    def all_four(m, v, t):
        return [m, bias_correction(m, DEFAULTS["beta1"], t), v, bias_correction(v, DEFAULTS["beta2"], t)]

    return run_stream(update_moments, gradients, keep=all_four).T


GHOSTS = {
    "sums": Ghost(
        lambda beta: [np.sum(reference.moment_weights(beta, t)) for t in range(1, 101)],
        {"beta": [0.9, 0.99, 0.999]},
        {"beta": 0.999},
    ),
    "moments": Ghost(_noisy_moments, {"seed": [12, 13]}, {"seed": 12}),
    "run_up": Ghost(
        lambda beta2: reference.uncorrected_first_steps(200, lr=1.0, beta2=beta2), {"beta2": [0.9, 0.99, 0.999]}, {"beta2": 0.999}
    ),
    "ravine": Ghost(
        lambda lr, beta1: run_steps(reference.adam_step, "ravine", 80, lr=lr, beta1=beta1),
        {"lr": [0.02, 0.1, 0.3, 0.8], "beta1": [0.0, 0.5, 0.9]},
        {"lr": 0.1, "beta1": 0.9},
    ),
}

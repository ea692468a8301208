"""Checks and known mistakes of section 10, RMSprop."""

import itertools

import numpy as np

from descentlab import objectives
from descentlab.checks import Call, CheckFailed, Exercise, Question, Steps, close
from descentlab.checks.values import as_numbers
from descentlab.runs import run_steps, run_stream
from grader_tests._draws import rates, stream, vector
from grader_tests._ghosts import Ghost
from reference_impl import s10_rmsprop as reference
from reference_impl.s09_adagrad import adagrad_step
from reference_impl.s10_rmsprop import exponential_average, rmsprop_step


def _memory(rng):
    """An odd γ, away from 0.9 and from ½, so that γ and 1 − γ are told apart."""
    return float(rng.uniform(0.6, 0.8))


# The average ------------------------------------------------------------------------------------------------------------------

average = Exercise(reference.exponential_average)


@average.part("takes in one value after the other, from an average that isn't zero", weight=2)
def averages(rng):
    return [
        Steps("exponential_average", {"previous": vector(rng, 3)}, {"value": stream(rng, 6, 3)}, {"gamma": _memory(rng)}),
        Steps(
            "exponential_average", {"previous": vector(rng, 3)}, {"value": stream(rng, 2, 3)},
            {"gamma": float(rng.uniform(0.1, 0.3))}, label="a short memory",
        ),
    ]  # fmt: skip


@average.part("works for plain numbers, a matrix, whole numbers, and values that are zero, tiny or huge")
def average_shapes_and_sizes(rng):
    def case(label, previous, values):
        return Steps("exponential_average", {"previous": previous}, {"value": values}, {"gamma": _memory(rng)}, label=label)

    numbers = {"previous": float(rng.uniform(1, 3)), "value": float(rng.uniform(4, 6)), "gamma": _memory(rng)}
    return [
        Call("exponential_average", numbers, label="plain numbers"),
        case("a matrix", vector(rng, 2, 3), stream(rng, 2, 2, 3)),
        case("whole numbers", rng.integers(1, 9, size=3), [rng.integers(11, 19, size=3) for _ in range(2)]),
        case("a value of zero", vector(rng, 3), [np.zeros(3), vector(rng, 3)]),
        case("tiny", 1e-90 * vector(rng, 3), [1e-90 * vector(rng, 3)]),
        case("huge", 1e90 * vector(rng, 3), [1e90 * vector(rng, 3)]),
    ]


@average.part("keeps nine tenths of the old average where no gamma is given")
def average_default(rng):
    return [Steps("exponential_average", {"previous": vector(rng, 3)}, {"value": stream(rng, 4, 3)})]


@average.property(
    "stays where every value equals the average, and from zero has made up 1 − γᵗ of the way after t values", kind="exact"
)
def constant_values(student, rng):
    gamma, value = float(rng.uniform(0.8, 0.95)), vector(rng, 3)
    close(student.exponential_average(previous=value, value=value, gamma=gamma), value, where="the average equals the value")
    mean = np.zeros(3)
    for t in range(1, 31):
        got = student.exponential_average(previous=mean, value=value, gamma=gamma)
        close(got, (1 - gamma**t) * value, where=f"after {t} values")
        mean = np.asarray(got)


@average.mistake(
    "The new value comes in with its full weight: the factor 1 − γ is missing. An average of equal numbers must be that number; "
    "this one grows to 1/(1 − γ) times it. Look at the second term."
)
def full_weight(previous, value, gamma=0.9):
    return gamma * previous + value


@average.mistake(
    "γ and 1 − γ have changed places: the old average keeps almost nothing. Look at which of the two factors stands at the old "
    "average."
)
def old_and_new_swapped(previous, value, gamma=0.9):
    return (1 - gamma) * previous + gamma * value


@average.mistake("This is a sum: nothing fades, and it grows for ever. That was Adagrad's G. Look at the two factors.")
def plain_sum(previous, value, gamma=0.9):
    return previous + value


@average.mistake("Both count for a half, whatever γ says. Look at the two factors.")
def half_and_half(previous, value, gamma=0.9):
    return (previous + value) / 2


@average.mistake("γ multiplies the new value too. Its share is what γ leaves over of 1. Look at where the bracket closes.")
def gamma_around_both(previous, value, gamma=0.9):
    return gamma * (previous + value)


@average.mistake(
    "The value is squared here. The function averages whatever it is given; that squares are averaged is the step's business. "
    "Look at what the argument is called."
)
def value_squared(previous, value, gamma=0.9):
    return gamma * previous + (1 - gamma) * value**2


@average.mistake("The old average is not used: what comes back is a share of the new value. Look for the first of two terms.")
def no_memory(previous, value, gamma=0.9):
    return (1 - gamma) * value


@average.mistake(
    "The two terms are subtracted. An average lies between the old one and the new value. Look at the sign between them."
)
def subtracted(previous, value, gamma=0.9):
    return gamma * previous - (1 - gamma) * value


@average.mistake(
    "The result is divided by 1 − γ, as if every value were the first one. Adam has a correction of this kind, for the first "
    "steps; this average has none. Look for a division."
)
def corrected_always(previous, value, gamma=0.9):
    return (gamma * previous + (1 - gamma) * value) / (1 - gamma)


@average.mistake(
    "γ is always 0.9, whatever the argument says. 0.9 is only the default: use the name, not the number.",
    passes=("average_default",),
)
def gamma_fixed(previous, value, gamma=0.9):
    return 0.9 * previous + 0.1 * value


@average.mistake(
    "The result is squeezed into the old average's own type: where that holds whole numbers, the fraction is cut off. Look for an "
    "array made with `empty_like`, `zeros_like` or `copy` and filled afterwards.",
    passes=("averages", "average_default", "constant_values"),
)
def average_truncated(previous, value, gamma=0.9):
    result = np.zeros_like(previous)
    result[...] = gamma * previous + (1 - gamma) * value
    return result


@average.mistake("In place: the old average that was passed in is changed.", gate="changes-arguments")
def average_in_place(previous, value, gamma=0.9):
    try:
        previous *= gamma
        previous += (1 - gamma) * value
    except TypeError:
        previous = gamma * previous + (1 - gamma) * value
    return np.copy(previous)


@average.right
def towards_the_value(previous, value, gamma=0.9):
    return previous + (1 - gamma) * (value - previous)


@average.right
def from_the_value(previous, value, gamma=0.9):
    return value - gamma * (value - previous)


@average.right
def by_weights(previous, value, gamma=0.9):
    return np.average([previous, value], axis=0, weights=[gamma, 1 - gamma])


@average.right
def average_as_a_list(previous, value, gamma=0.9):
    share = 1 - gamma
    return np.add(np.multiply(value, share), np.multiply(previous, gamma)).tolist()


@average.right
def entry_by_entry(previous, value, gamma=0.9):
    pairs = zip(np.ravel(previous), np.ravel(value), strict=True)
    return np.reshape([gamma * float(old) + (1 - gamma) * float(new) for old, new in pairs], np.shape(previous))


# Its weights ------------------------------------------------------------------------------------------------------------------

weights = Exercise(reference.averaging_weights, uses=(reference.exponential_average,))


@weights.part("weighs the last values as the average does, newest first", weight=2)
def weight_values(rng):
    return [
        Call("averaging_weights", {"gamma": _memory(rng), "n": 7}, label="seven values"),
        Call("averaging_weights", {"gamma": float(rng.uniform(0.1, 0.3)), "n": 4}, label="four values, a short memory"),
    ]


@weights.part("holds at the ends: one value, no memory at all, a very long memory")
def weight_ends(rng):
    return [
        Call("averaging_weights", {"gamma": _memory(rng), "n": 1}, label="one value"),
        Call("averaging_weights", {"gamma": 0.0, "n": 3}, label="γ = 0: only the newest counts"),
        Call("averaging_weights", {"gamma": 0.999, "n": 5}, label="γ = 0.999"),
    ]


def _weights_of(student, gamma, n):
    got = as_numbers(student.averaging_weights(gamma=gamma, n=n))
    if got is None or got.shape != (n,):
        raise CheckFailed(f"for n = {n} there are {n} weights, an array of shape ({n},)")
    return got


@weights.property("sums to 1 − γⁿ: what is missing of 1 lies farther back", kind="exact")
def sum_of_weights(student, rng):
    for n in (1, 2, 10, 1000):
        gamma = float(rng.uniform(0.6, 0.95))
        close(_weights_of(student, gamma, n).sum(), 1 - gamma**n, where=f"the sum for n = {n}")


@weights.property("makes of any values the average that taking them in one by one makes", kind="exact")
def same_as_one_by_one(student, rng):
    gamma, values, mean = float(rng.uniform(0.6, 0.95)), vector(rng, 12), 0.0
    for value in values:
        mean = exponential_average(mean, value, gamma)
    close(_weights_of(student, gamma, 12) @ values[::-1], mean, where="the weighted sum of twelve values")


@weights.mistake(
    "The oldest value's weight stands first. The docstring asks for the newest first. Look at which end is the largest.",
    passes=("sum_of_weights",),
)
def oldest_first(gamma, n):
    return (1 - gamma) * gamma ** np.arange(n - 1, -1, -1)


@weights.mistake(
    "The factor 1 − γ is missing: the newest value comes in with weight 1. Look at what multiplies a value in the step in which "
    "it arrives."
)
def without_its_factor(gamma, n):
    return gamma ** np.arange(float(n))


@weights.mistake(
    "Every exponent is too large by one: the newest value is faded already. It has just arrived, and no step has come after it. "
    "Look at the first exponent."
)
def faded_once_more(gamma, n):
    return (1 - gamma) * gamma ** np.arange(1.0, n + 1)


@weights.mistake(
    "These weights are scaled so that they sum to 1. The average's own do not: the rest lies with values farther back, or with the "
    "zero that it began with. Look for a division.",
)
def scaled_to_one(gamma, n):
    values = (1 - gamma) * gamma ** np.arange(n)
    return values / values.sum()


@weights.mistake("γ and 1 − γ have changed places. Look at which of them is left after each step, and which lets the new one in.")
def weights_swapped(gamma, n):
    return gamma * (1 - gamma) ** np.arange(n)


@weights.mistake(
    "All values weigh the same: that is the plain mean, which forgets nothing. Look at what each step does to what is there."
)
def all_alike(gamma, n):
    return np.full(n, 1 / n)


@weights.mistake(
    "γ is multiplied by the age, not raised to its power. Each step fades what is there by the factor γ once more. Look at `*` and "
    "`**`."
)
def times_for_power(gamma, n):
    return (1 - gamma) * gamma * np.arange(n)


@weights.mistake("There is one weight too many. n values have n weights: look at the range of the exponents.")
def one_too_many(gamma, n):
    return (1 - gamma) * gamma ** np.arange(n + 1)


@weights.mistake(
    "The last weight stands for all that lies farther back, so that the sum is 1: as if the average had begun with the oldest "
    "value. Look at the last entry: the oldest value has arrived like any other, with 1 − γ.",
)
def rest_to_the_oldest(gamma, n):
    values = (1 - gamma) * gamma ** np.arange(n)
    values[-1] = gamma ** (n - 1)
    return values


@weights.right
def by_recursion(gamma, n):
    values = []
    for _ in range(n):
        values = [1 - gamma] + [gamma * value for value in values]
    return values


@weights.right
def one_by_one(gamma, n):
    return np.array([(1 - gamma) * gamma**k for k in range(n)])


@weights.right
def by_products(gamma, n):
    values = np.full(n, 1.0 * gamma)
    values[0] = 1 - gamma
    return np.cumprod(values)


@weights.right
def impulses(gamma, n):
    mean = np.zeros(n)
    for row in np.eye(n)[::-1]:
        mean = exponential_average(mean, row, gamma)
    return mean


@weights.right
def by_differences(gamma, n):
    left = np.power(float(gamma), np.arange(n + 1))
    return left[:-1] - left[1:]


# The step ---------------------------------------------------------------------------------------------------------------------

step = Exercise(reference.rmsprop_step, uses=(reference.exponential_average,))


def _steps(rng, state, gradients, eps, label="", only=()):
    """The rate is another in every step, so that one that finds its way into the average is seen."""
    streams = {"gradient": gradients, "lr": rates(rng, len(gradients))}
    return Steps("rmsprop_step", state, streams, {"gamma": _memory(rng), "eps": eps}, label=label, only=only)


def _on_the_way(rng, only):
    start, on_the_way = {"mean_square": np.zeros(4)}, {"mean_square": 3 * vector(rng, 4) ** 2}
    large = float(rng.uniform(0.2, 0.6))  # as large as the squares: it shows where it stands
    return [
        _steps(rng, {"theta": vector(rng, 4)} | start, stream(rng, 8, 4), large, "from a mean square of zero, large ε", only),
        _steps(rng, {"theta": vector(rng, 4)} | on_the_way, stream(rng, 4, 4), 0.01, "from a mean square on the way", only),
    ]


@step.part("theta follows the rule, from a mean square of zero and from one on the way", weight=2)
def theta_follows(rng):
    return _on_the_way(rng, ("theta",))


@step.part("the mean square is the exponential average of the squared gradients")
def squares_averaged(rng):
    return _on_the_way(rng, ("mean_square",))


@step.part("takes γ = 0.9 and ε = 1e-8 where the call leaves them out")
def step_defaults(rng):
    # Gradients whose squares are as small as eps, and theta at zero, so that the small steps lose no digits.
    def case(label, **given):
        state, gradients = {"theta": np.zeros(4), "mean_square": np.zeros(4)}, [1e-4 * g for g in stream(rng, 4, 4)]
        streams = {"gradient": gradients, "lr": rates(rng, 4)}
        return Steps("rmsprop_step", state, streams, given, label=label, only=("theta",))

    return [case("both left out"), case("ε left out", gamma=_memory(rng)), case("γ left out", eps=float(rng.uniform(2e-8, 6e-8)))]


@step.part("works for a number, a matrix, whole numbers, and gradients that are tiny, huge or zero")
def step_shapes_and_sizes(rng):
    def case(label, theta, gradients, eps):
        return _steps(rng, {"theta": theta, "mean_square": np.zeros_like(theta)}, gradients, eps, label, ("theta",))

    return [
        case("theta a number", vector(rng), stream(rng, 3), 0.2),
        case("theta a matrix", vector(rng, 2, 3), stream(rng, 3, 2, 3), 0.3),
        case("theta and mean square of whole numbers", rng.integers(1, 9, size=4), stream(rng, 3, 4), 0.1),
        case("tiny gradients", np.zeros(4), [1e-90 * g for g in stream(rng, 3, 4)], 3e-181),
        case("huge gradients", vector(rng, 4), [1e90 * g for g in stream(rng, 3, 4)], 3e179),
        case("two gradients of zero, then others", vector(rng, 4), [np.zeros(4), np.zeros(4), *stream(rng, 2, 4)], 1e-3),
    ]


def _two_arrays(student, shape, **arguments):
    """A step of the student's as (theta, mean_square), CheckFailed where it is something else."""
    numbers = as_numbers(student.rmsprop_step(**arguments))
    if numbers is None or numbers.shape != (2, *shape):
        raise CheckFailed("rmsprop_step returns (theta, mean_square), each of theta's shape")
    return numbers


@step.property("begins with 3.1623η where γ = 0.9, and follows η/√(1 − γᵗ) under a constant gradient, large or small", kind="exact")
def constant_gradient(student, rng):
    g = vector(rng, 3) * np.array([1e-3, 1.0, 1e3])
    for gamma in (0.9, _memory(rng)):
        lr = float(rng.uniform(0.03, 0.4))
        theta, mean_square = np.zeros(3), np.zeros(3)
        for t in range(1, 31):
            new_theta, mean_square = _two_arrays(
                student, (3,), theta=theta, mean_square=mean_square, gradient=g, lr=lr, gamma=gamma, eps=0.0
            )
            close(theta - new_theta, lr * np.sign(g) / np.sqrt(1 - gamma**t), where=f"γ = {gamma:.3g}, the move of step {t}")
            theta = new_theta


@step.property("forgets: 300 gradients after one that was a thousand times as large, a step is η long again", kind="convergence")
def forgets(student, rng):
    lr, g = float(rng.uniform(0.03, 0.4)), vector(rng, 2)
    theta, mean_square = np.zeros(2), np.zeros(2)
    for t in range(301):
        before = theta
        theta, mean_square = _two_arrays(
            student, (2,), theta=before, mean_square=mean_square, gradient=1000 * g if t == 0 else g, lr=lr, gamma=0.9, eps=0.0
        )
    # Of the large square, 1e5 times a small one, 0.9³⁰⁰ = 2e-14 is left.
    close(before - theta, lr * np.sign(g), rtol=1e-6, where="the last move")


@step.property(
    "does not settle with a constant rate: on any parabola it can swing by η/2 to either side for ever", kind="convergence"
)
def swings(student, rng):
    # At θ = η/2 with the mean square of the gradient there, the step is η long and ends at −η/2, whatever the curvature.
    lr, curvature = float(rng.uniform(0.03, 0.4)), float(rng.uniform(2.0, 9.0))
    theta, mean_square = np.array(lr / 2), np.array((curvature * lr / 2) ** 2)
    for t in range(1, 13):
        arguments = {"theta": theta, "mean_square": mean_square, "gradient": np.asarray(curvature * theta)}
        theta, mean_square = map(np.asarray, _two_arrays(student, (), **arguments, lr=lr, gamma=0.5, eps=0.0))
        close(theta, (-1) ** t * lr / 2, where=f"theta after step {t}")


@step.mistake(
    "The new square comes in with its full weight: the factor 1 − γ is missing. The divisor is then about 1/√(1 − γ) times too "
    "large. Look at the average's second term."
)
def square_in_full(theta, mean_square, gradient, lr, gamma=0.9, eps=1e-8):
    mean_square = gamma * mean_square + gradient**2
    return theta - lr / np.sqrt(mean_square + eps) * gradient, mean_square


@step.mistake(
    "The squares are added up and nothing fades: this is Adagrad. RMSprop averages them, so that old ones are forgotten. Look at "
    "what multiplies the old mean square."
)
def sum_of_squares(theta, mean_square, gradient, lr, gamma=0.9, eps=1e-8):
    mean_square = mean_square + gradient**2
    return theta - lr / np.sqrt(mean_square + eps) * gradient, mean_square


@step.mistake(
    "γ and 1 − γ have changed places: the old mean square keeps almost nothing. Look at which of the two factors stands where.",
    passes=("forgets", "swings"),
)
def shares_swapped(theta, mean_square, gradient, lr, gamma=0.9, eps=1e-8):
    mean_square = (1 - gamma) * mean_square + gamma * gradient**2
    return theta - lr / np.sqrt(mean_square + eps) * gradient, mean_square


@step.mistake(
    "ε stands outside the root. That is how PyTorch has it; on the slide it is added to the mean square before the root is taken. "
    "Look at the brackets of `np.sqrt`.",
    passes=("squares_averaged", "constant_gradient", "forgets", "swings"),
)
def eps_outside(theta, mean_square, gradient, lr, gamma=0.9, eps=1e-8):
    mean_square = gamma * mean_square + (1 - gamma) * gradient**2
    return theta - lr / (np.sqrt(mean_square) + eps) * gradient, mean_square


@step.mistake(
    "ε is left out. A parameter whose gradient has always been zero then divides zero by zero. Look at the divisor.",
    passes=("squares_averaged", "constant_gradient", "forgets", "swings"),
)
def eps_dropped(theta, mean_square, gradient, lr, gamma=0.9, eps=1e-8):
    mean_square = gamma * mean_square + (1 - gamma) * gradient**2
    return theta - lr / np.sqrt(mean_square) * gradient, mean_square


@step.mistake(
    "The mean square is divided by 1 − γ before the root is taken, as if every step were the first one. Adam corrects its "
    "averages, by a factor that changes with t; RMSprop has no correction. Look for a division under the root.",
    passes=("squares_averaged",),
)
def correction_added(theta, mean_square, gradient, lr, gamma=0.9, eps=1e-8):
    mean_square = gamma * mean_square + (1 - gamma) * gradient**2
    return theta - lr / np.sqrt(mean_square / (1 - gamma) + eps) * gradient, mean_square


@step.mistake(
    "The gradients are averaged, not their squares. They may be negative, and there is a root to come. Look at what comes in to "
    "the average."
)
def square_forgotten(theta, mean_square, gradient, lr, gamma=0.9, eps=1e-8):
    mean_square = gamma * mean_square + (1 - gamma) * gradient
    return theta - lr / np.sqrt(mean_square + eps) * gradient, mean_square


@step.mistake(
    "The sizes of the gradients are averaged, not their squares. Under the root there must be something squared, or the units "
    "don't fit. Look at what comes in to the average."
)
def sizes_averaged(theta, mean_square, gradient, lr, gamma=0.9, eps=1e-8):
    mean_square = gamma * mean_square + (1 - gamma) * np.abs(gradient)
    return theta - lr / np.sqrt(mean_square + eps) * gradient, mean_square


@step.mistake(
    "The factor 1 − γ is squared along with the gradient. Look at the brackets: the square belongs to the gradient alone."
)
def square_of_all(theta, mean_square, gradient, lr, gamma=0.9, eps=1e-8):
    mean_square = gamma * mean_square + ((1 - gamma) * gradient) ** 2
    return theta - lr / np.sqrt(mean_square + eps) * gradient, mean_square


@step.mistake(
    "All coordinates get the same mean square, made of the squared length of the whole gradient. Then all parameters have one rate "
    "again. Look for a sum, a norm or a dot product.",
    passes=("swings",),
)
def squared_norm(theta, mean_square, gradient, lr, gamma=0.9, eps=1e-8):
    mean_square = gamma * mean_square + (1 - gamma) * np.sum(gradient**2)
    return theta - lr / np.sqrt(mean_square + eps) * gradient, mean_square


@step.mistake(
    "theta moves by the old mean square, in which this gradient is not yet. The slide's E[g²]_t has taken in g_t. Look at the "
    "order of the two lines.",
    passes=("squares_averaged", "swings"),
)
def updated_after_the_step(theta, mean_square, gradient, lr, gamma=0.9, eps=1e-8):
    new = gamma * mean_square + (1 - gamma) * gradient**2
    return theta - lr / np.sqrt(mean_square + eps) * gradient, new


@step.mistake(
    "The old mean square is not used: the step divides by the size of today's gradient. Look at the average: it has two terms.",
    passes=("forgets", "swings"),
)
def no_history(theta, mean_square, gradient, lr, gamma=0.9, eps=1e-8):
    mean_square = gradient**2
    return theta - lr / np.sqrt(mean_square + eps) * gradient, mean_square


@step.mistake(
    "The root is missing: the step is divided by the mean square itself. Then a gradient twice as large makes a step half as long. "
    "Compare the units of the numerator and the divisor.",
    passes=("squares_averaged",),
)
def root_forgotten(theta, mean_square, gradient, lr, gamma=0.9, eps=1e-8):
    mean_square = gamma * mean_square + (1 - gamma) * gradient**2
    return theta - lr / (mean_square + eps) * gradient, mean_square


@step.mistake(
    "The root is taken of the whole fraction, of η too. Look at where the root begins: η stands above it.",
    passes=("squares_averaged",),
)
def root_of_the_rate(theta, mean_square, gradient, lr, gamma=0.9, eps=1e-8):
    mean_square = gamma * mean_square + (1 - gamma) * gradient**2
    return theta - np.sqrt(lr / (mean_square + eps)) * gradient, mean_square


@step.mistake(
    "The gradient is missing in the step: theta moves by its rate alone, always the same way. Look at what the rate is multiplied "
    "by.",
    passes=("squares_averaged",),
)
def gradient_missing(theta, mean_square, gradient, lr, gamma=0.9, eps=1e-8):
    mean_square = gamma * mean_square + (1 - gamma) * gradient**2
    return theta - lr / np.sqrt(mean_square + eps), mean_square


@step.mistake(
    "The step goes uphill: the sign in front of the learning rate is turned round. Descent subtracts.",
    passes=("squares_averaged",),
)
def uphill(theta, mean_square, gradient, lr, gamma=0.9, eps=1e-8):
    mean_square = gamma * mean_square + (1 - gamma) * gradient**2
    return theta + lr / np.sqrt(mean_square + eps) * gradient, mean_square


@step.mistake(
    "What comes back second is the divisor, the root with ε in it. The next step averages squares, and needs the mean square "
    "itself. Look at the names in the return line."
)
def root_returned(theta, mean_square, gradient, lr, gamma=0.9, eps=1e-8):
    rms = np.sqrt(gamma * mean_square + (1 - gamma) * gradient**2 + eps)
    return theta - lr / rms * gradient, rms


@step.mistake(
    "ε stays in the mean square that comes back, and is added once more in the next step. It belongs under the root, each "
    "time anew. Look at what is returned second.",
    passes=("constant_gradient", "forgets", "swings"),
)
def eps_kept(theta, mean_square, gradient, lr, gamma=0.9, eps=1e-8):
    mean_square = gamma * mean_square + (1 - gamma) * gradient**2 + eps
    return theta - lr / np.sqrt(mean_square) * gradient, mean_square


@step.mistake(
    "The squares of η times the gradient are averaged. Then η cancels, more or less, and a larger rate makes no larger steps. Look "
    "at what is squared."
)
def rate_inside_the_average(theta, mean_square, gradient, lr, gamma=0.9, eps=1e-8):
    mean_square = gamma * mean_square + (1 - gamma) * (lr * gradient) ** 2
    return theta - lr / np.sqrt(mean_square + eps) * gradient, mean_square


@step.mistake(
    "The mean square that comes back is the one that went in: the next step will not know of this gradient. Look at the names in "
    "the return line.",
    passes=("swings",),
)
def history_not_kept(theta, mean_square, gradient, lr, gamma=0.9, eps=1e-8):
    new = gamma * mean_square + (1 - gamma) * gradient**2
    return theta - lr / np.sqrt(new + eps) * gradient, np.copy(mean_square)


@step.mistake("The two results are in the wrong order: theta comes first, then the mean square. Look at the line with `return`.")
def results_swapped(theta, mean_square, gradient, lr, gamma=0.9, eps=1e-8):
    mean_square = gamma * mean_square + (1 - gamma) * gradient**2
    return mean_square, theta - lr / np.sqrt(mean_square + eps) * gradient


@step.mistake(
    "Only theta comes back. The mean square is the memory of the method, and the function keeps none of its own: whoever makes the "
    "next step has to hand it in again. Return both."
)
def only_theta(theta, mean_square, gradient, lr, gamma=0.9, eps=1e-8):
    mean_square = gamma * mean_square + (1 - gamma) * gradient**2
    return theta - lr / np.sqrt(mean_square + eps) * gradient


@step.mistake(
    "What comes back first is the slide's Δθ, not the point where it leads: θ_t = θ_{t−1} − Δθ_t. Look at the first line there.",
    passes=("squares_averaged",),
)
def only_the_move(theta, mean_square, gradient, lr, gamma=0.9, eps=1e-8):
    mean_square = gamma * mean_square + (1 - gamma) * gradient**2
    return lr / np.sqrt(mean_square + eps) * gradient, mean_square


@step.mistake(
    "γ is not handed on to exponential_average, which then takes its own default. Look at its call: it has three arguments.",
    passes=("forgets", "swings"),
)
def gamma_not_handed_on(theta, mean_square, gradient, lr, gamma=0.9, eps=1e-8):
    mean_square = exponential_average(mean_square, gradient**2)
    return theta - lr / np.sqrt(mean_square + eps) * gradient, mean_square


@step.mistake(
    "ε is 1e-8 whatever the call says. That is only the value for a call that says nothing. Look for a number under the root "
    "where the name should stand.",
    passes=("squares_averaged", "forgets"),
)
def eps_fixed(theta, mean_square, gradient, lr, gamma=0.9, eps=1e-8):
    mean_square = gamma * mean_square + (1 - gamma) * gradient**2
    return theta - lr / np.sqrt(mean_square + 1e-8) * gradient, mean_square


@step.mistake(
    "The results are squeezed into the arguments' own type: where theta holds whole numbers, the fractions are cut off. Look for "
    "an array made with `empty_like`, `zeros_like` or `copy` and filled afterwards; return the computed arrays instead.",
    passes=("theta_follows", "squares_averaged", "step_defaults", "constant_gradient", "forgets", "swings"),
)
def truncated(theta, mean_square, gradient, lr, gamma=0.9, eps=1e-8):
    new_theta, new_square = np.zeros_like(theta), np.zeros_like(mean_square)
    new_square[...] = gamma * mean_square + (1 - gamma) * gradient**2
    new_theta[...] = theta - lr / np.sqrt(new_square + eps) * gradient
    return new_theta, new_square


@step.pair("eps-outside", "sum-of-squares")
def adagrad_of_pytorch(theta, mean_square, gradient, lr, gamma=0.9, eps=1e-8):
    mean_square = mean_square + gradient**2
    return theta - lr / (np.sqrt(mean_square) + eps) * gradient, mean_square


@step.pair("eps-outside", "square-in-full")
def outside_and_in_full(theta, mean_square, gradient, lr, gamma=0.9, eps=1e-8):
    mean_square = gamma * mean_square + gradient**2
    return theta - lr / (np.sqrt(mean_square) + eps) * gradient, mean_square


@step.pair("eps-outside", "updated-after-the-step", passes=("squares_averaged", "swings"))
def outside_and_after(theta, mean_square, gradient, lr, gamma=0.9, eps=1e-8):
    new = gamma * mean_square + (1 - gamma) * gradient**2
    return theta - lr / (np.sqrt(mean_square) + eps) * gradient, new


@step.mistake("In place: theta and the mean square that were passed in are changed.", gate="changes-arguments")
def in_place(theta, mean_square, gradient, lr, gamma=0.9, eps=1e-8):
    try:
        mean_square *= gamma
        mean_square += (1 - gamma) * gradient**2
        theta -= lr / np.sqrt(mean_square + eps) * gradient
    except TypeError:
        mean_square = gamma * mean_square + (1 - gamma) * gradient**2
        theta = theta - lr / np.sqrt(mean_square + eps) * gradient
    return theta, mean_square


@step.mistake("The mean square alone is changed in place.", gate="changes-arguments")
def history_in_place(theta, mean_square, gradient, lr, gamma=0.9, eps=1e-8):
    try:
        mean_square *= gamma
        mean_square += (1 - gamma) * gradient**2
    except TypeError:
        mean_square = gamma * mean_square + (1 - gamma) * gradient**2
    return theta - lr / np.sqrt(mean_square + eps) * gradient, mean_square.copy()


@step.right
def written_out(theta, mean_square, gradient, lr, gamma=0.9, eps=1e-8):
    new_square = gamma * mean_square + (1 - gamma) * gradient * gradient
    new_theta = theta - lr * gradient / (new_square + eps) ** 0.5
    return new_theta, new_square


@step.right
def by_numpy(theta, mean_square, gradient, lr, gamma=0.9, eps=1e-8):
    mean_square = np.add(mean_square, (1 - gamma) * np.subtract(np.square(gradient), mean_square))
    return [np.subtract(theta, np.divide(np.multiply(lr, gradient), np.sqrt(np.add(mean_square, eps)))), mean_square]


@step.right
def parameter_by_parameter(theta, mean_square, gradient, lr, gamma=0.9, eps=1e-8):
    new_theta, new_square = np.zeros(np.shape(theta)), np.zeros(np.shape(theta))
    for i in np.ndindex(np.shape(theta)):
        new_square[i] = exponential_average(mean_square[i], gradient[i] ** 2, gamma)
        new_theta[i] = theta[i] - lr * gradient[i] / (new_square[i] + eps) ** 0.5
    return new_theta, new_square


@step.right
def direction_first(theta, mean_square, gradient, lr, gamma=0.9, eps=1e-8):
    gradient = np.asarray(gradient, dtype=float)
    average = exponential_average(np.asarray(mean_square, dtype=float), gradient**2, gamma=gamma)
    direction = -gradient * (average + eps) ** -0.5
    return (theta + lr * direction).tolist(), average.tolist()


@step.right
def on_copies(theta, mean_square, gradient, lr, gamma=0.9, eps=1e-8):
    theta, mean_square = np.array(theta, dtype=float), np.array(mean_square, dtype=float)
    mean_square *= gamma
    mean_square += (1 - gamma) * gradient**2
    theta -= lr * gradient / np.sqrt(mean_square + eps)
    return theta, mean_square


# The question -----------------------------------------------------------------------------------------------------------------

question = Question(
    "first_step",
    reference.first_step,
    {
        "a": "A tenth of the square comes in, but it stands in the divisor: what makes the divisor smaller makes the step longer.",
        "b": "The gradient would be divided by its own size if the average held all of g². After one step it holds a tenth of it.",
        "c": "The average holds 0.1 g², and its root is 0.316 |g|: the gradient divided by it is 3.16.",
        "d": "The average is ten times too small, that is true; but the step divides by its root.",
    },
)


# What the figures show of the reference ---------------------------------------------------------------------------------------

WELL = objectives.get("double_well")


def _averaged(gamma):
    """The average of 200 squared gradients whose size falls from 3 to 1 half-way, as the section's figure draws them."""
    squares = (np.random.default_rng(10).normal(size=200) * np.repeat([3.0, 1.0], 100)) ** 2
    return list(itertools.accumulate(squares, lambda mean, square: exponential_average(mean, square, gamma), initial=0.0))[1:]


def _down_the_wall(gamma):
    """120 steps from the steep wall of the double well; long before the rates of two right codes part."""
    return run_steps(rmsprop_step, "double_well", 120, start=6.0, lr=0.1, gamma=gamma)


def _rates_on(path):
    """By what each gradient of a walk on the double well was multiplied."""
    return -np.diff(path) / WELL.gradient(path[:-1])


ADAGRAD = run_steps(adagrad_step, "double_well", 120, start=6.0, lr=0.1)

GHOSTS = {
    "weights": Ghost(lambda gamma: reference.averaging_weights(gamma, 40), {"gamma": [0.5, 0.9, 0.97]}, {"gamma": 0.9}),
    "average": Ghost(_averaged, {"gamma": [0.9, 0.99]}, {"gamma": 0.9}),
    "run_up": Ghost(
        lambda gamma: -np.diff(
            run_stream(rmsprop_step, np.ones(60), lr=1.0, gamma=gamma, keep=lambda theta, m, t: theta), prepend=0.0
        ),
        {"gamma": [0.5, 0.9, 0.99]}, {"gamma": 0.9},
    ),
    "wall": Ghost(_down_the_wall, {"gamma": [0.9, 0.99]}, {"gamma": 0.9}),
    "wall_rates": Ghost(lambda gamma: _rates_on(_down_the_wall(gamma)), {"gamma": [0.9, 0.99]}, {"gamma": 0.9}),
    "adagrad": Ghost(lambda lr: ADAGRAD, {"lr": [0.1]}, {"lr": 0.1}),
    # No γ below ½: close to the minimum such a walk turns on the last digit.
    "ravine": Ghost(
        lambda lr, gamma: run_steps(rmsprop_step, "ravine", 80, lr=lr, gamma=gamma),
        {"lr": [0.02, 0.1, 0.3, 0.8], "gamma": [0.5, 0.9, 0.97]}, {"lr": 0.1, "gamma": 0.9},
    ),
}  # fmt: skip

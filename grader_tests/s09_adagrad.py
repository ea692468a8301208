"""Checks and known mistakes of section 9, Adagrad."""

import numpy as np

from descentlab import objectives
from descentlab.checks import Call, CheckFailed, Exercise, Question, Steps, close
from descentlab.checks.values import as_numbers
from descentlab.runs import run_steps, run_stream
from grader_tests._draws import hessian, rates, stream, vector
from grader_tests._ghosts import Ghost
from reference_impl import s09_adagrad as reference
from reference_impl.s09_adagrad import adagrad_step, effective_lr

# The effective rate -----------------------------------------------------------------------------------------------------------

rate = Exercise(reference.effective_lr)


def _settings(rng, eps=None):
    """An odd rate, and an eps as large as the squares, which shows where it stands."""
    return {"lr": float(rng.uniform(0.03, 0.4)), "eps": float(rng.uniform(0.2, 0.6)) if eps is None else eps}


@rate.part("is η over the root of G + ε, for each parameter by itself", weight=2)
def rate_values(rng):
    return [
        Call("effective_lr", {"G": vector(rng, 4) ** 2, **_settings(rng)}, label="a large ε"),
        Call("effective_lr", {"G": 30 * vector(rng, 3) ** 2, **_settings(rng, 1e-3)}, label="a small ε"),
    ]


@rate.part("works for a number, a matrix, whole numbers, and sums that are zero, tiny or huge")
def rate_shapes_and_sizes(rng):
    def case(label, G, eps=None):
        return Call("effective_lr", {"G": G, **_settings(rng, eps)}, label=label)

    return [
        case("a number", np.asarray(vector(rng) ** 2)),
        case("a matrix", vector(rng, 2, 3) ** 2),
        case("whole numbers", rng.integers(1, 30, size=3)),
        case("parameters that never had a gradient", np.array([0.0, 0.0, 2.5]), 1e-4),
        case("tiny", 1e-180 * vector(rng, 3) ** 2, 3e-181),
        case("huge", 1e180 * vector(rng, 3) ** 2, 3e179),
    ]


@rate.part("takes η = 0.01 and ε = 1e-8 where the call leaves them out")
def rate_defaults(rng):
    # Sums as small as eps: with larger ones nobody would see which eps was taken. Never both left out: what does not change from
    # student to student could be written down.
    G = 1e-8 * vector(rng, 3) ** 2
    return [
        Call("effective_lr", {"G": G, "lr": float(rng.uniform(0.03, 0.4))}, label="ε left out"),
        Call("effective_lr", {"G": vector(rng, 3) ** 2, "eps": float(rng.uniform(0.2, 0.6))}, label="η left out"),
    ]


@rate.property("is η/√t after t gradients of size 1, and η/√ε before the first", kind="exact")
def rate_after_t_gradients(student, rng):
    lr, eps = float(rng.uniform(0.03, 0.4)), float(rng.uniform(0.001, 0.004))
    t = np.array([0.0, 1.0, 4.0, 25.0, 400.0])
    expected = lr / np.sqrt([eps, 1, 4, 25, 400])
    G = np.where(t > 0, t - eps, 0.0)  # so that G + ε is t itself
    close(student.effective_lr(G=G, lr=lr, eps=eps), expected, where="G + ε = ε, 1, 4, 25, 400")


@rate.mistake(
    "ε stands outside the root. That is how PyTorch has it; on the slide it is added to G before the root is taken. Look at the "
    "brackets of `np.sqrt`."
)
def rate_eps_outside(G, lr=0.01, eps=1e-8):
    return lr / (np.sqrt(G) + eps)


@rate.mistake(
    "ε is left out. A parameter that has never had a gradient has G = 0, and its rate would be infinite. Look at what stands "
    "under the root."
)
def rate_without_eps(G, lr=0.01, eps=1e-8):
    return lr / np.sqrt(G)


@rate.mistake(
    "The root is missing: the rate is divided by the sum of squares itself. Compare the units: a gradient times its rate must "
    "not depend on how large gradients are."
)
def rate_without_root(G, lr=0.01, eps=1e-8):
    return lr / (G + eps)


@rate.mistake("The root is taken of the whole fraction, of η too. Look at where the root begins: η stands above it.")
def root_of_all(G, lr=0.01, eps=1e-8):
    return np.sqrt(lr / (G + eps))


@rate.mistake(
    "It multiplies by the root. Then the parameter with the largest gradients would take the largest steps, which is what "
    "Adagrad was made to avoid. Look at what stands above the line, and what below."
)
def multiplied_by_root(G, lr=0.01, eps=1e-8):
    return lr * np.sqrt(G + eps)


@rate.mistake("The learning rate is missing: this is what divides η, turned over. Look at what stands above the line.")
def rate_is_missing(G, lr=0.01, eps=1e-8):
    return 1 / np.sqrt(G + eps)


@rate.mistake(
    "G is squared once more. It is a sum of squares already; the gradient itself is not needed here. Look at what the argument "
    "holds."
)
def squared_again(G, lr=0.01, eps=1e-8):
    return lr / np.sqrt(G**2 + eps)


@rate.mistake(
    "All parameters get the same rate, made of the sum over all of G. A rate of its own for each parameter is the point of the "
    "method. Look for a sum, a norm or a mean."
)
def one_rate_for_all(G, lr=0.01, eps=1e-8):
    return lr / np.sqrt(np.sum(G) + eps) * np.ones(np.shape(G))


@rate.mistake("This is the divisor, √(G + ε), without the fraction that it belongs to. Look at what stands above the line.")
def divisor_alone(G, lr=0.01, eps=1e-8):
    return np.sqrt(G + eps)


@rate.mistake(
    "ε is 1e-8 whatever the call says. That is only the value for a call that says nothing. Look for a number where the name "
    "should stand."
)
def rate_eps_fixed(G, lr=0.01, eps=1e-8):
    return lr / np.sqrt(G + 1e-8)


@rate.mistake(
    "η is 0.01 whatever the call says. That is only the value for a call that says nothing. Look for a number above the line."
)
def rate_lr_fixed(G, lr=0.01, eps=1e-8):
    return 0.01 / np.sqrt(G + eps)


@rate.mistake(
    "The result is squeezed into G's own type: where G holds whole numbers, the fraction is cut off. Look for an array made with "
    "`empty_like`, `zeros_like` or `copy` and filled afterwards.",
    passes=("rate_values", "rate_defaults", "rate_after_t_gradients"),
)
def rate_truncated(G, lr=0.01, eps=1e-8):
    result = np.zeros_like(G)
    result[...] = lr / np.sqrt(G + eps)
    return result


@rate.mistake("In place: eps is added to the G that was passed in.", gate="changes-arguments")
def eps_added_in_place(G, lr=0.01, eps=1e-8):
    try:
        G += eps
    except TypeError:
        G = G + eps
    return lr / np.sqrt(G)


@rate.right
def negative_power(G, lr=0.01, eps=1e-8):
    return lr * (G + eps) ** -0.5


@rate.right
def rate_by_numpy(G, lr=0.01, eps=1e-8):
    return np.divide(lr, np.sqrt(np.add(G, eps)))


@rate.right
def rate_by_parameter(G, lr=0.01, eps=1e-8):
    rates_ = np.empty(np.shape(G))
    for index in np.ndindex(np.shape(G)):
        rates_[index] = lr / (eps + G[index]) ** 0.5
    return rates_


@rate.right
def rate_as_a_list(G, lr=0.01, eps=1e-8):
    divisor = np.sqrt(np.asarray(G, dtype=float) + eps)
    return (lr * (1 / divisor)).tolist()


# The step ---------------------------------------------------------------------------------------------------------------------

step = Exercise(reference.adagrad_step, uses=(reference.effective_lr,))


def _steps(rng, state, gradients, eps, label="", only=()):
    """The rate is another in every step, so that one that finds its way into G is seen."""
    streams = {"gradient": gradients, "lr": rates(rng, len(gradients))}
    return Steps("adagrad_step", state, streams, {"eps": eps}, label=label, only=only)


def _on_the_way(rng, only):
    start, on_the_way = {"G": np.zeros(4)}, {"G": 3 * vector(rng, 4) ** 2}
    large = float(rng.uniform(0.2, 0.6))  # as large as the squares: it shows where it stands
    return [
        _steps(rng, {"theta": vector(rng, 4)} | start, stream(rng, 8, 4), large, "from G = 0, large ε", only),
        _steps(rng, {"theta": vector(rng, 4)} | on_the_way, stream(rng, 4, 4), 0.01, "from a G on the way", only),
    ]


@step.part("theta follows the rule, from G = 0 and from a G on the way", weight=2)
def theta_follows(rng):
    return _on_the_way(rng, ("theta",))


@step.part("G gathers the squares of the gradients and forgets none")
def squares_gathered(rng):
    return _on_the_way(rng, ("G",))


@step.part("takes η = 0.01 and ε = 1e-8 where the call leaves them out")
def step_defaults(rng):
    # Gradients whose squares are as small as eps, and theta at zero, so that the small steps lose no digits.
    def case(label, **given):
        state, gradients = {"theta": np.zeros(4), "G": np.zeros(4)}, [1e-4 * g for g in stream(rng, 4, 4)]
        return Steps("adagrad_step", state, {"gradient": gradients}, given, label=label, only=("theta",))

    return [case("ε left out", lr=float(rng.uniform(0.03, 0.4))), case("η left out", eps=float(rng.uniform(2e-8, 6e-8)))]


@step.part("works for a number, a matrix, whole numbers, and gradients that are tiny, huge or zero")
def step_shapes_and_sizes(rng):
    def case(label, theta, gradients, eps):
        return _steps(rng, {"theta": theta, "G": np.zeros_like(theta)}, gradients, eps, label, ("theta",))

    return [
        case("theta a number", vector(rng), stream(rng, 3), 0.2),
        case("theta a matrix", vector(rng, 2, 3), stream(rng, 3, 2, 3), 0.3),
        case("theta and G of whole numbers", rng.integers(1, 9, size=4), stream(rng, 3, 4), 0.1),
        case("tiny gradients", np.zeros(4), [1e-90 * g for g in stream(rng, 3, 4)], 3e-181),
        case("huge gradients", vector(rng, 4), [1e90 * g for g in stream(rng, 3, 4)], 3e179),
        case("two gradients of zero, then others", vector(rng, 4), [np.zeros(4), np.zeros(4), *stream(rng, 2, 4)], 1e-3),
    ]


def _two_arrays(student, shape, **arguments):
    """A step of the student's as (theta, G), CheckFailed where it is something else."""
    numbers = as_numbers(student.adagrad_step(**arguments))
    if numbers is None or numbers.shape != (2, *shape):
        raise CheckFailed("adagrad_step returns (theta, G), each of theta's shape")
    return numbers


@step.property("has the size η/√t in step t under a constant gradient, large or small, with ε = 0", kind="exact")
def constant_gradient(student, rng):
    lr, g = float(rng.uniform(0.03, 0.4)), vector(rng, 3) * np.array([1e-3, 1.0, 1e3])
    theta, G = np.zeros(3), np.zeros(3)
    for t in range(1, 41):
        new_theta, G = _two_arrays(student, (3,), theta=theta, G=G, gradient=g, lr=lr, eps=0.0)
        close(theta - new_theta, lr * np.sign(g) / np.sqrt(t), where=f"the move of step {t}")
        theta = new_theta


@step.property("comes to the minimum of a bowl at a hundred times the rate at which gradient descent diverges", kind="convergence")
def converges_at_any_rate(student, rng):
    # The first step leaps far beyond the minimum. The gradient found there is as large, goes into G, and bounds all later steps.
    # In a bowl as round as this one 4000 draws came to within 1e-15; in a longer one some still swing by 0.2 after 200 steps.
    bowl = objectives.quadratic(hessian(rng, 3, 4.0, 6.0), vector(rng, 3))
    lr = 200 / float(np.linalg.eigvalsh(bowl.hessian(bowl.start))[-1])
    theta, G = bowl.start, np.zeros(3)
    for _ in range(200):
        theta, G = _two_arrays(student, (3,), theta=theta, G=G, gradient=bowl.gradient(theta), lr=lr, eps=1e-8)
    distance = np.linalg.norm(theta - bowl.minima[0])
    if not distance < 1e-3:
        raise CheckFailed(f"at η = 200/L it should be at the minimum after 200 steps, and is {distance:.2g} away")


@step.mistake(
    "ε stands outside the root. That is how PyTorch has it; on the slide it is added to G before the root is taken. Look at the "
    "brackets of `np.sqrt`.",
    passes=("squares_gathered", "constant_gradient", "converges_at_any_rate"),
)
def eps_outside(theta, G, gradient, lr=0.01, eps=1e-8):
    G = G + gradient**2
    return theta - lr / (np.sqrt(G) + eps) * gradient, G


@step.mistake(
    "ε is left out. A parameter whose gradient has always been zero then divides zero by zero. Look at the divisor.",
    passes=("squares_gathered", "constant_gradient", "converges_at_any_rate"),
)
def eps_dropped(theta, G, gradient, lr=0.01, eps=1e-8):
    G = G + gradient**2
    return theta - lr / np.sqrt(G) * gradient, G


@step.mistake(
    "The gradients themselves are added up, not their squares. They cancel where they change sign, and a sum below zero has no "
    "root. Look at what comes in to G."
)
def sum_of_gradients(theta, G, gradient, lr=0.01, eps=1e-8):
    G = G + gradient
    return theta - lr / np.sqrt(G + eps) * gradient, G


@step.mistake(
    "The sizes of the gradients are added up, not their squares. Look at what comes in to G: under the root there must be "
    "something squared, or the units don't fit.",
    passes=("converges_at_any_rate",),
)
def sum_of_sizes(theta, G, gradient, lr=0.01, eps=1e-8):
    G = G + np.abs(gradient)
    return theta - lr / np.sqrt(G + eps) * gradient, G


@step.mistake(
    "All coordinates of G get the same number, the squared length of the whole gradient. Then all parameters have one rate "
    "again. Look for a sum, a norm or a dot product: the square is taken coordinate by coordinate.",
    passes=("converges_at_any_rate",),
)
def squared_norm(theta, G, gradient, lr=0.01, eps=1e-8):
    G = G + np.sum(gradient**2)
    return theta - lr / np.sqrt(G + eps) * gradient, G


@step.mistake(
    "theta moves by the old G, in which this gradient is not yet; G is brought up to date too late. The slide's G goes up to and "
    "including the current gradient. Look at the order of the two lines.",
    passes=("squares_gathered",),
)
def updated_after_the_step(theta, G, gradient, lr=0.01, eps=1e-8):
    return theta - lr / np.sqrt(G + eps) * gradient, G + gradient**2


@step.mistake(
    "G is an average that forgets, with 0.9 and 0.1: this is RMSprop, the next section's method. Adagrad adds up, and forgets "
    "nothing. Look at what multiplies the old G."
)
def averaged(theta, G, gradient, lr=0.01, eps=1e-8):
    G = 0.9 * G + 0.1 * gradient**2
    return theta - lr / np.sqrt(G + eps) * gradient, G


@step.mistake(
    "The old G fades by the factor 0.9 before the new square is added. Adagrad's G is a plain sum. Look at what multiplies the old "
    "G."
)
def fading_sum(theta, G, gradient, lr=0.01, eps=1e-8):
    G = 0.9 * G + gradient**2
    return theta - lr / np.sqrt(G + eps) * gradient, G


@step.mistake(
    "The old G is not used: the step divides by the size of today's gradient, and every step has about the length η. Look at what "
    "the sum begins with."
)
def no_history(theta, G, gradient, lr=0.01, eps=1e-8):
    G = gradient**2
    return theta - lr / np.sqrt(G + eps) * gradient, G


@step.mistake(
    "The root is missing: the step is divided by the sum of squares itself. Then a gradient twice as large makes a step half as "
    "long. Compare the units of the numerator and the divisor.",
    passes=("squares_gathered", "converges_at_any_rate"),
)
def root_forgotten(theta, G, gradient, lr=0.01, eps=1e-8):
    G = G + gradient**2
    return theta - lr / (G + eps) * gradient, G


@step.mistake(
    "The root is taken of the whole fraction, of η too. Look at where the root begins: η stands above it.",
    passes=("squares_gathered", "converges_at_any_rate"),
)
def root_of_the_rate(theta, G, gradient, lr=0.01, eps=1e-8):
    G = G + gradient**2
    return theta - np.sqrt(lr / (G + eps)) * gradient, G


@step.mistake(
    "The gradient is missing in the step: theta moves by its rate alone, always the same way. Look at what the rate is multiplied "
    "by.",
    passes=("squares_gathered",),
)
def gradient_missing(theta, G, gradient, lr=0.01, eps=1e-8):
    G = G + gradient**2
    return theta - lr / np.sqrt(G + eps), G


@step.mistake(
    "The step has the sign of the gradient and the length η, whatever the gradient's size. Only the first step from G = 0 is so. "
    "Look for `np.sign`, or for a root of the gradient's own square.",
    passes=("squares_gathered",),
)
def sign_alone(theta, G, gradient, lr=0.01, eps=1e-8):
    return theta - lr * np.sign(gradient), G + gradient**2


@step.mistake(
    "The step goes uphill: the sign in front of the learning rate is turned round. Descent subtracts.",
    passes=("squares_gathered",),
)
def uphill(theta, G, gradient, lr=0.01, eps=1e-8):
    G = G + gradient**2
    return theta + lr / np.sqrt(G + eps) * gradient, G


@step.mistake(
    "ε is gathered too: it is added to G in every step, and comes back in it. G holds the squares alone; ε is added under the "
    "root, each time anew. Look at what is returned second.",
    passes=("constant_gradient", "converges_at_any_rate"),
)
def eps_gathered(theta, G, gradient, lr=0.01, eps=1e-8):
    G = G + gradient**2 + eps
    return theta - lr / np.sqrt(G) * gradient, G


@step.mistake(
    "G comes back as its root. The next step adds a square to it, and needs the sum itself. Look at what is returned second: the "
    "divisor of this step is not what is kept."
)
def root_returned(theta, G, gradient, lr=0.01, eps=1e-8):
    G = np.sqrt(G + gradient**2 + eps)
    return theta - lr / G * gradient, G


@step.mistake(
    "G gathers the squares of η times the gradient. Then η cancels, more or less, and a larger rate makes no larger steps. Look at "
    "what is squared.",
    passes=("converges_at_any_rate",),
)
def rate_inside_the_sum(theta, G, gradient, lr=0.01, eps=1e-8):
    G = G + (lr * gradient) ** 2
    return theta - lr / np.sqrt(G + eps) * gradient, G


@step.mistake(
    "theta is right after the first step, but the G that comes back is the one that went in: the next step will not know of this "
    "gradient. Look at the names in the return line."
)
def history_not_kept(theta, G, gradient, lr=0.01, eps=1e-8):
    new_G = G + gradient**2
    return theta - lr / np.sqrt(new_G + eps) * gradient, np.copy(G)


@step.mistake("The two results are in the wrong order: theta comes first, then G. Look at the line with `return`.")
def swapped(theta, G, gradient, lr=0.01, eps=1e-8):
    G = G + gradient**2
    return G, theta - lr / np.sqrt(G + eps) * gradient


@step.mistake(
    "Only theta comes back. G is the memory of the method, and the function keeps none of its own: whoever makes the next step has "
    "to hand it in again. Return both."
)
def only_theta(theta, G, gradient, lr=0.01, eps=1e-8):
    G = G + gradient**2
    return theta - lr / np.sqrt(G + eps) * gradient


@step.mistake(
    "What comes back first is the move, not the point where it leads. Look at what stands on the left of the formula.",
    passes=("squares_gathered",),
)
def only_the_move(theta, G, gradient, lr=0.01, eps=1e-8):
    G = G + gradient**2
    return lr / np.sqrt(G + eps) * gradient, G


@step.mistake(
    "η and ε are not handed on to effective_lr, which then takes its own defaults. Look at its call: it has three arguments.",
    passes=("squares_gathered",),
)
def settings_not_handed_on(theta, G, gradient, lr=0.01, eps=1e-8):
    G = G + gradient**2
    return theta - effective_lr(G) * gradient, G


@step.mistake(
    "η is 0.01 whatever the call says. That is only the value for a call that says nothing. Look for a number where the name "
    "should stand.",
    passes=("squares_gathered",),
)
def rate_fixed(theta, G, gradient, lr=0.01, eps=1e-8):
    G = G + gradient**2
    return theta - 0.01 / np.sqrt(G + eps) * gradient, G


@step.mistake(
    "ε is 1e-8 whatever the call says. That is only the value for a call that says nothing. Look for a number under the root "
    "where the name should stand.",
    passes=("squares_gathered", "converges_at_any_rate"),
)
def eps_fixed(theta, G, gradient, lr=0.01, eps=1e-8):
    G = G + gradient**2
    return theta - lr / np.sqrt(G + 1e-8) * gradient, G


@step.mistake(
    "The results are squeezed into the arguments' own type: where theta holds whole numbers, the fractions are cut off. Look for "
    "an array made with `empty_like`, `zeros_like` or `copy` and filled afterwards; return the computed arrays instead.",
    passes=("theta_follows", "squares_gathered", "step_defaults", "constant_gradient", "converges_at_any_rate"),
)
def truncated(theta, G, gradient, lr=0.01, eps=1e-8):
    new_theta, new_G = np.zeros_like(theta), np.zeros_like(G)
    new_G[...] = G + gradient**2
    new_theta[...] = theta - lr / np.sqrt(new_G + eps) * gradient
    return new_theta, new_G


@step.pair("eps-outside", "averaged")
def rmsprop_of_pytorch(theta, G, gradient, lr=0.01, eps=1e-8):
    G = 0.9 * G + 0.1 * gradient**2
    return theta - lr / (np.sqrt(G) + eps) * gradient, G


@step.pair("eps-outside", "updated-after-the-step", passes=("squares_gathered",))
def outside_and_after(theta, G, gradient, lr=0.01, eps=1e-8):
    return theta - lr / (np.sqrt(G) + eps) * gradient, G + gradient**2


@step.mistake("In place: theta and the G that were passed in are changed.", gate="changes-arguments")
def in_place(theta, G, gradient, lr=0.01, eps=1e-8):
    try:
        G += gradient**2
        theta -= lr / np.sqrt(G + eps) * gradient
    except TypeError:
        G = G + gradient**2
        theta = theta - lr / np.sqrt(G + eps) * gradient
    return theta, G


@step.mistake("G alone is changed in place.", gate="changes-arguments")
def history_in_place(theta, G, gradient, lr=0.01, eps=1e-8):
    try:
        G += gradient**2
    except TypeError:
        G = G + gradient**2
    return theta - lr / np.sqrt(G + eps) * gradient, G.copy()


@step.right
def written_out(theta, G, gradient, lr=0.01, eps=1e-8):
    new_G = G + gradient * gradient
    new_theta = theta - lr * gradient / (new_G + eps) ** 0.5
    return new_theta, new_G


@step.right
def by_numpy(theta, G, gradient, lr=0.01, eps=1e-8):
    G = np.add(G, np.square(gradient))
    return [np.subtract(theta, np.divide(np.multiply(lr, gradient), np.sqrt(np.add(G, eps)))), G]


@step.right
def parameter_by_parameter(theta, G, gradient, lr=0.01, eps=1e-8):
    new_theta, new_G = np.zeros(np.shape(theta)), np.zeros(np.shape(theta))
    for i in np.ndindex(np.shape(theta)):
        new_G[i] = G[i] + gradient[i] ** 2
        new_theta[i] = theta[i] - effective_lr(new_G[i], lr, eps) * gradient[i]
    return new_theta, new_G


@step.right
def direction_first(theta, G, gradient, lr=0.01, eps=1e-8):
    gradient = np.asarray(gradient, dtype=float)
    gathered = np.asarray(G, dtype=float) + gradient**2
    direction = -gradient * (gathered + eps) ** -0.5
    return (theta + lr * direction).tolist(), gathered.tolist()


@step.right
def a_list_of_two(theta, G, gradient, lr=0.01, eps=1e-8):
    memory = np.array(G, dtype=float)
    memory += gradient**2
    return [theta - gradient * effective_lr(memory, lr=lr, eps=eps), memory]


# How long a way takes ---------------------------------------------------------------------------------------------------------

travel = Exercise(reference.steps_to_travel, uses=(reference.effective_lr, reference.adagrad_step))


def _way(rng, n, lr=None):
    """A distance that takes n steps, amid the nth: at its end two right answers could differ by rounding.

    n stays below 45: who forgets the root adds 1/t, which reaches twelve steps' length after 91,000 steps, and twenty never.
    """
    lr = float(rng.uniform(0.03, 0.4)) if lr is None else lr
    before = float(np.sum(1 / np.sqrt(np.arange(1, n))))
    return {"distance": lr * (before + float(rng.uniform(0.3, 0.7)) / np.sqrt(n)), "lr": lr}


@travel.part("is the first number of steps that together are long enough", weight=2)
def counted(rng):
    numbers = (int(rng.integers(2, 5)), int(rng.integers(8, 13)), int(rng.integers(26, 40)))
    labels = ("near", "farther", "far")
    return [Call("steps_to_travel", _way(rng, n), label=label) for n, label in zip(numbers, labels, strict=True)]


@travel.part("is 1 where the first step is long enough, and 0 where there is no way to go", weight=0.5)
def first_and_none(rng):
    return [
        Call("steps_to_travel", _way(rng, 1), label="within the first step"),
        Call("steps_to_travel", {"distance": 0.0, "lr": float(rng.uniform(0.03, 0.4))}, label="no distance"),
    ]


@travel.property("is n for every distance that ends within step n, n = 1 to 40", kind="exact")
def every_number(student, rng):
    for n in range(1, 41):
        way = _way(rng, n)
        close(student.steps_to_travel(**way), n, where=f"{way['distance'] / way['lr']:.4f} times η")


@travel.property("grows with the square: for x times η it is between (x + 1)²/4 and (x + 2)²/4", kind="convergence")
def grows_with_the_square(student, rng):
    # From 2√(n+1) − 2 < Σ_{t≤n} 1/√t ≤ 2√n − 1; x is large enough for a count that is wrong by one to stay between the two.
    for x in rng.uniform(6.5, 12.0, size=8):
        lr = float(rng.uniform(0.03, 0.4))
        n = as_numbers(student.steps_to_travel(distance=float(x * lr), lr=lr))
        if n is None or n.shape != ():
            raise CheckFailed("steps_to_travel returns one number")
        low, high = (x + 1) ** 2 / 4, (x + 2) ** 2 / 4
        if not low <= n < high:
            raise CheckFailed(f"{x:.3f} times η takes between {low:.1f} and {high:.1f} steps, not {n:g}")


@travel.mistake(
    "Every step is taken to be η long: this is gradient descent's number for a slope of 1. Adagrad's steps become shorter. Look at "
    "what step t adds.",
    passes=("first_and_none",),
)
def equal_steps(distance, lr):
    return int(np.ceil(distance / lr))


@travel.mistake(
    "The root is missing: step t adds η/t. G is t squares, and the step divides by its root. Look at what is left of g in "
    "g/√(tg²).",
    passes=("first_and_none",),
)
def root_of_t_missing(distance, lr):
    n, travelled = 0, 0.0
    while travelled < distance:
        n += 1
        travelled += lr / n
    return n


@travel.mistake(
    "It is one step too many. Look at what the counter says when the loop ends: the step that it names has not been made. Try "
    "a distance shorter than the first step.",
    passes=("grows_with_the_square",),
)
def one_too_many(distance, lr):
    n, travelled = 1, 0.0
    while travelled < distance:
        travelled += lr / np.sqrt(n)
        n += 1
    return n


@travel.mistake(
    "It is one step too few: that many steps stay short of the distance. What is wanted is the first number that reaches it. "
    "Look at what the sum holds when the loop ends.",
    passes=("grows_with_the_square",),
)
def one_too_few(distance, lr):
    n, travelled = 0, lr
    while travelled < distance:
        n += 1
        travelled += lr / np.sqrt(n + 1)
    return n


@travel.mistake(
    "Where there is no way to go it still makes a step. Look at what is asked first: whether the goal is reached, or how long the "
    "next step is.",
    passes=("counted", "every_number", "grows_with_the_square"),
)
def always_a_step(distance, lr):
    n, travelled = 1, lr
    while travelled < distance:
        n += 1
        travelled += lr / np.sqrt(n)
    return n


@travel.mistake(
    "The learning rate isn't used: the steps are 1/√t long. Look at what a single step adds.",
    passes=("first_and_none",),
)
def rate_not_used(distance, lr):
    n, travelled = 0, 0.0
    while travelled < distance:
        n += 1
        travelled += 1 / np.sqrt(n)
    return n


@travel.mistake(
    "The sum is replaced by the integral, 2η√n. That gives the right growth but not the number: the steps together are shorter "
    "than the integral. Count them.",
    passes=("first_and_none",),
)
def integral_for_the_sum(distance, lr):
    return int(np.ceil((distance / (2 * lr)) ** 2))


@travel.mistake(
    "Only the last step is looked at, not the way that all of them make. Look at what is compared with the distance.",
    passes=("first_and_none",),
)
def last_step_alone(distance, lr):
    n = 0
    while n * lr / np.sqrt(max(n, 1)) < distance:
        n += 1
    return n


@travel.mistake(
    "The steps are numbered from 2: the first one is η/√2 long. Under a constant gradient G is one square in step 1. Look at what "
    "the counter is when the first step is added.",
    passes=("first_and_none",),
)
def first_step_too_short(distance, lr):
    n, travelled = 0, 0.0
    while travelled < distance:
        n += 1
        travelled += lr / np.sqrt(n + 1)
    return n


@travel.mistake(
    "The distance comes back, not the number of steps: this is how far theta has come when the loop ends. Look at what is returned."
)
def way_for_number(distance, lr):
    n, travelled = 0, 0.0
    while travelled < distance:
        n += 1
        travelled += lr / np.sqrt(n)
    return travelled


@travel.right
def what_is_left(distance, lr):
    n = 0
    while distance > 0:
        n += 1
        distance -= lr * n**-0.5
    return n


@travel.right
def by_cumulative_sums(distance, lr):
    reached = np.concatenate([[0.0], np.cumsum(lr / np.sqrt(np.arange(1, 1000)))])
    return np.searchsorted(reached, distance)


@travel.right
def by_the_rule_itself(distance, lr):
    theta, G, n = np.array(0.0), np.array(0.0), 0
    while abs(theta) < distance:
        theta, G = adagrad_step(theta, G, np.array(2.0), lr, 0.0)
        n += 1
    return n


@travel.right
def in_units_of_the_rate(distance, lr):
    steps = np.arange(1, 1000)
    return int(np.sum(np.cumsum(1 / np.sqrt(steps)) < distance / lr)) + (distance > 0)


@travel.right
def guessed_and_corrected(distance, lr):
    reach = distance / lr
    n = max(int((reach / 2) ** 2), 0)
    while np.sum(1 / np.sqrt(np.arange(1, n + 1))) < reach:
        n += 1
    return float(n)


# The question -----------------------------------------------------------------------------------------------------------------

question = Question(
    "adagrad_problem",
    reference.adagrad_problem,
    {
        "a": "A rare parameter has a large rate, but its step is the rate times its gradient over a root that holds that very "
        "gradient: no step is longer than η.",
        "b": "All squares are in G, but only as a sum: one number for each parameter, however long the run.",
        "c": "G is the sum of what has been, not today's square: at a minimum it stays what it was. And ε is there for a sum that "
        "is zero.",
        "d": "A sum of squares never shrinks. The divisor remembers the steep beginning when the slope has long become gentle, and "
        "the steps die out before the goal.",
    },
)


# What the figures show of the reference ---------------------------------------------------------------------------------------


def _feature(every):
    """The gradients of a feature that occurs in the first of every so many steps, over 1000 steps."""
    return (np.arange(1000) % every == 0).astype(float)


def _rates_of(gradients):
    """Return the effective rate after each of these gradients, in units of η."""
    return run_stream(adagrad_step, gradients, lr=1.0, keep=lambda theta, G, t: effective_lr(G, 1.0))


KINDS_OF_GRADIENTS = {
    "steady": np.ones(1000),
    "noise": np.random.default_rng(9).normal(scale=0.5, size=1000),
    "dying": 0.95 ** np.arange(1000),
}

GHOSTS = {
    "rates": Ghost(lambda every: _rates_of(_feature(every)), {"every": [1, 10, 100]}, {"every": 1}),
    "travel": Ghost(
        lambda every: run_stream(adagrad_step, _feature(every), lr=1.0, keep=lambda theta, G, t: abs(theta)),
        {"every": [1, 100]}, {"every": 1},
    ),
    "ravine": Ghost(
        lambda lr: run_steps(adagrad_step, "ravine", 80, lr=lr), {"lr": [0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0]}, {"lr": 0.5}
    ),
    "kinds": Ghost(
        lambda number: _rates_of(list(KINDS_OF_GRADIENTS.values())[int(number)]), {"number": [0, 1, 2]}, {"number": 0}
    ),
}  # fmt: skip

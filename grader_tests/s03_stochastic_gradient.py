"""Checks and known mistakes of section 3, stochastic and mini-batch gradient descent."""

import itertools

import numpy as np

from descentlab import objectives
from descentlab.batches import run_batches, run_epochs
from descentlab.checks import Call, CheckFailed, ExampleGradientOf, Exercise, GeneratorOf, Probe, Question, close
from descentlab.checks.values import as_numbers
from grader_tests._draws import rates, vector
from grader_tests._ghosts import Ghost
from reference_impl import s03_stochastic_gradient as reference
from reference_impl.s03_stochastic_gradient import minibatch_gradient

# Dealing out an epoch ---------------------------------------------------------------------------------------------------------

dealing = Exercise(reference.minibatches)


def _dealt(rng, label, n, batch_size, probe="partition"):
    generator = GeneratorOf(int(rng.integers(10**6)))
    return Probe(probe, "minibatches", {"n": n, "batch_size": batch_size, "rng": generator}, label=label)


# The batches are large, so that what chance does to a wrong answer is certain: drawn with replacement, thirty of sixty numbers
# without a repetition come up once in a hundred thousand times.


@dealing.part("puts every example into exactly one batch of the given size", weight=2, kind="exact")
def even_batches(rng):
    size = int(rng.integers(30, 40))
    return [_dealt(rng, f"{3 * size} examples in batches of {size}", 3 * size, size)]


@dealing.part("keeps a last batch that is shorter", kind="exact")
def last_batch(rng):
    size = int(rng.integers(42, 50))
    short = int(rng.integers(2, 5))
    return [
        _dealt(rng, f"{2 * size + short} examples in batches of {size}", 2 * size + short, size),
        _dealt(rng, f"{size - 2} examples in batches of {size}", size - 2, size),
    ]


@dealing.part("deals in the same way when there is one example to a batch, or one batch for all", kind="exact")
def extreme_sizes(rng):
    n = int(rng.integers(80, 100))
    return [_dealt(rng, f"{n} examples one by one", n, 1), _dealt(rng, f"{n} examples in one batch", n, n)]


@dealing.part("draws the order from rng alone, and anew for every epoch", weight=2)
def order_by_chance(rng):
    size = int(rng.integers(10, 14))
    return [_dealt(rng, f"{4 * size} examples in batches of {size}", 4 * size, size, probe="epochs")]


@dealing.property("puts every example as often into the first batch as into any other, in the long run")
def evenly_dealt(student, rng):
    n, size, epochs = 6, 2, 300
    generator, counts = np.random.default_rng(int(rng.integers(10**6))), np.zeros(n)
    for _ in range(epochs):
        first = as_numbers(student.minibatches(n=n, batch_size=size, rng=generator)[0])
        if first is None or first.shape != (size,) or not np.isin(first, np.arange(n)).all():
            raise CheckFailed(f"the first batch of {n} examples is an array of {size} indices")
        counts[first.astype(int)] += 1
    # Expected are 100 times each, give or take 8.2: eight times that is never by chance.
    far = np.abs(counts - epochs * size / n).max()
    if far > 65:
        raise CheckFailed(f"in {epochs} epochs an example was in the first batch {far:.0f} times more or fewer than a share of all")


@dealing.mistake(
    "The last batch is missing where it would be shorter, and its examples are not seen in this epoch. Look at where the "
    "range of the first indices ends.",
    passes=("even_batches", "extreme_sizes", "order_by_chance", "evenly_dealt"),
)
def last_dropped(n, batch_size, rng):
    order = rng.permutation(n)
    return [order[k * batch_size : (k + 1) * batch_size] for k in range(n // batch_size)]


@dealing.mistake(
    "The indices are drawn with replacement: some examples come up several times, others not at all. An epoch sees every "
    "example once. Look for `choice` or `integers`; what shuffles keeps each index.",
    passes=("order_by_chance", "evenly_dealt"),
)
def with_replacement(n, batch_size, rng):
    order = rng.integers(0, n, size=n)
    return [order[first : first + batch_size] for first in range(0, n, batch_size)]


@dealing.mistake(
    "Every batch is drawn for itself, from all examples. Within a batch none repeats, but between batches they do, and others "
    "are left out. Shuffle once for the epoch, then cut.",
    passes=("order_by_chance", "evenly_dealt"),
)
def each_batch_for_itself(n, batch_size, rng):
    sizes = [min(batch_size, n - first) for first in range(0, n, batch_size)]
    return [rng.choice(n, size=size, replace=False) for size in sizes]


@dealing.mistake(
    "rng is not used: generators of the same seed give different epochs. The order comes from numpy's global state "
    "(`np.random.permutation`, `shuffle`), or from a generator made inside. Nobody can repeat such a run; ask rng.",
    passes=("even_batches", "last_batch", "extreme_sizes", "evenly_dealt"),
)
def rng_not_used(n, batch_size, rng):
    order = np.random.permutation(n)
    return [order[first : first + batch_size] for first in range(0, n, batch_size)]


@dealing.mistake(
    "Every epoch has the same order, whatever generator comes in: a seed is set inside, by `default_rng(0)` or "
    "`np.random.seed`. The generator that is passed in goes on by itself; ask it.",
    passes=("even_batches", "last_batch", "extreme_sizes"),
)
def the_same_epoch_each_time(n, batch_size, rng):
    order = np.random.default_rng(0).permutation(n)
    return [order[first : first + batch_size] for first in range(0, n, batch_size)]


@dealing.mistake(
    "The examples come in the order of their numbers. If the data are sorted, by class or by date, each batch is then of one "
    "kind. Look at what rng is for.",
    passes=("even_batches", "last_batch", "extreme_sizes"),
)
def not_shuffled(n, batch_size, rng):
    order = np.arange(n)
    return [order[first : first + batch_size] for first in range(0, n, batch_size)]


@dealing.mistake(
    "The batches come in random order, but each holds neighbours: the same examples are together in every epoch. Shuffle the "
    "examples, and cut afterwards.",
    passes=("even_batches", "last_batch", "extreme_sizes", "evenly_dealt"),
)
def only_batches_shuffled(n, batch_size, rng):
    batches = [np.arange(first, min(first + batch_size, n)) for first in range(0, n, batch_size)]
    return [batches[k] for k in rng.permutation(len(batches))]


@dealing.mistake(
    "The last batch is filled up to full length with examples that were there before, so these count twice in the epoch. The "
    "last batch may be shorter. Look for a modulo, or for `np.resize`.",
    passes=("even_batches", "extreme_sizes", "order_by_chance", "evenly_dealt"),
)
def filled_up(n, batch_size, rng):
    order = rng.permutation(n)
    return [order[np.arange(first, first + batch_size) % n] for first in range(0, n, batch_size)]


@dealing.mistake(
    "The batches are cut as evenly as possible, as `np.array_split` does with a number of parts. All batches have the given "
    "size, and the last one what is left. Look at the sizes that come out.",
    passes=("even_batches", "extreme_sizes", "order_by_chance", "evenly_dealt"),
)
def evenly_cut(n, batch_size, rng):
    return np.array_split(rng.permutation(n), -(-n // batch_size))


@dealing.mistake(
    "batch_size is taken for the number of batches. It is the number of examples in one. Look at the second argument of the "
    "function that cuts.",
    passes=("order_by_chance",),
)
def size_for_number(n, batch_size, rng):
    return np.array_split(rng.permutation(n), batch_size)


@dealing.mistake(
    "There is an empty batch at the end where all batches are full. Its step would be none, or an error. Look at where the "
    "range of the first indices ends.",
    passes=("last_batch", "order_by_chance", "evenly_dealt"),
)
def an_empty_batch(n, batch_size, rng):
    order = rng.permutation(n)
    return [order[first : first + batch_size] for first in range(0, n + 1, batch_size)]


@dealing.mistake(
    "The indices run from 1 to n. In Python the first example has the number 0, and number n does not exist.",
    passes=("order_by_chance",),
)
def counted_from_one(n, batch_size, rng):
    order = rng.permutation(n) + 1
    return [order[first : first + batch_size] for first in range(0, n, batch_size)]


@dealing.mistake(
    "The shuffled indices come back in one array. Cut them into batches: a list with an array for each step.",
)
def order_alone(n, batch_size, rng):
    return rng.permutation(n)


@dealing.mistake(
    "Only one batch comes back. An epoch is all of them, so that every example has been seen once.",
    passes=("order_by_chance", "evenly_dealt"),
)
def only_the_first_batch(n, batch_size, rng):
    return [rng.permutation(n)[:batch_size]]


@dealing.mistake(
    "A generator comes back, as from a function with `yield`. It can be gone through once only, and has no length. Return a list.",
)
def yields(n, batch_size, rng):
    order = rng.permutation(n)
    return (order[first : first + batch_size] for first in range(0, n, batch_size))


@dealing.pair("not-shuffled", "last-dropped", passes=("even_batches", "extreme_sizes"))
def in_order_and_last_dropped(n, batch_size, rng):
    return [np.arange(k * batch_size, (k + 1) * batch_size) for k in range(n // batch_size)]


@dealing.pair("rng-not-used", "with-replacement", passes=("evenly_dealt",))
def replaced_without_rng(n, batch_size, rng):
    order = np.random.randint(0, n, size=n)
    return [order[first : first + batch_size] for first in range(0, n, batch_size)]


@dealing.pair("rng-not-used", "last-dropped", passes=("even_batches", "extreme_sizes", "evenly_dealt"))
def dropped_without_rng(n, batch_size, rng):
    order = np.random.permutation(n)
    return [order[k * batch_size : (k + 1) * batch_size] for k in range(n // batch_size)]


@dealing.right
def shuffled_in_place(n, batch_size, rng):
    order = np.arange(n)
    rng.shuffle(order)
    return [order[first : first + batch_size] for first in range(0, n, batch_size)]


@dealing.right
def choice_without_replacement(n, batch_size, rng):
    left = rng.choice(n, size=n, replace=False).tolist()
    batches = []
    while left:
        batches.append(left[:batch_size])
        left = left[batch_size:]
    return batches


@dealing.right
def sorted_by_random_numbers(n, batch_size, rng):
    order = np.argsort(rng.random(n))
    return np.split(order, range(batch_size, n, batch_size))


@dealing.right
def drawn_one_by_one(n, batch_size, rng):
    pool, batches = list(range(n)), []
    for k in range(n):
        if k % batch_size == 0:
            batches.append([])
        batches[-1].append(pool.pop(int(rng.integers(len(pool)))))
    return tuple(np.array(batch) for batch in batches)


@dealing.right
def whole_rows_and_a_rest(n, batch_size, rng):
    order = rng.permutation(np.arange(n))
    full = n // batch_size
    rows = order[: full * batch_size].reshape(full, batch_size)
    rest = order[full * batch_size :]
    return [*rows, rest] if rest.size else rows


# The gradient of a batch ------------------------------------------------------------------------------------------------------

summing = Exercise(reference.minibatch_gradient)


def _examples(rng, n, *shape):
    """The gradients of n examples, no two alike."""
    return ExampleGradientOf(2 * vector(rng, n, *shape), rng.uniform(0.5, 1.5, size=n))


def _summed(label, examples, theta, batch):
    return Call("minibatch_gradient", {"example_gradient": examples, "theta": theta, "batch": batch}, label=label)


@summing.part("is the sum of the gradients of the batch's own examples, at theta", weight=2)
def sum_of_gradients(rng):
    examples = _examples(rng, 12, 3)
    order = rng.permutation(np.arange(4, 12))
    return [
        _summed("a batch of five", examples, vector(rng, 3), order[:5]),
        _summed("another batch of three", examples, vector(rng, 3), order[5:]),
    ]


@summing.part("works for a single number, for a matrix, and for whole numbers")
def any_shape(rng):
    whole = rng.integers(1, 9, size=3)
    return [
        _summed("theta a number", _examples(rng, 9), vector(rng), rng.permutation(9)[:4]),
        _summed("theta a matrix", _examples(rng, 9, 2, 3), vector(rng, 2, 3), rng.permutation(9)[:4]),
        _summed("theta of whole numbers", _examples(rng, 9, 3), whole, rng.permutation(9)[:3]),
    ]


@summing.part("takes one example, all of them, and a batch that is a list")
def any_batch(rng):
    examples = _examples(rng, 7, 2)
    return [
        _summed("a batch of one", examples, vector(rng, 2), np.array([int(rng.integers(2, 7))])),
        _summed("all examples", examples, vector(rng, 2), rng.permutation(7)),
        _summed("a list of indices", examples, vector(rng, 2), [int(i) for i in rng.permutation(7)[:3]]),
    ]


@summing.property("adds up: the gradient of two batches together is that of the one and that of the other", kind="exact")
def adds_up(student, rng):
    slopes, theta = vector(rng, 10, 2, 2), vector(rng, 2, 2)

    def example_gradient(at, i):
        return slopes[int(i)] * np.asarray(at, dtype=float) ** 2

    order = rng.permutation(10)
    one, other, both = (
        as_numbers(student.minibatch_gradient(example_gradient=example_gradient, theta=theta, batch=batch))
        for batch in (order[:4], order[4:7], order[:7])
    )
    close(both, one + other, where="the gradient of both")
    close(both, np.sum(slopes[order[:7]], axis=0) * theta**2, where="the gradient of seven examples")


@summing.mistake(
    "The sum is divided by the size of the batch. In this lecture the batch's gradient is the sum itself, as on the slide; "
    "many libraries take the mean. Look at what stands before ∇J_i there.",
)
def mean_for_sum(example_gradient, theta, batch):
    return np.mean([example_gradient(theta, i) for i in batch], axis=0)


@summing.mistake(
    "The first examples of the data are taken, as many as the batch is long. The batch holds the numbers of its own examples: "
    "look at what the loop runs over.",
)
def positions_for_indices(example_gradient, theta, batch):
    return np.sum([example_gradient(theta, i) for i in range(len(batch))], axis=0)


@summing.mistake(
    "Only the last example of the batch counts: each gradient replaces the one before. Look at what happens to the sum in the "
    "loop.",
)
def only_the_last(example_gradient, theta, batch):
    for i in batch:
        gradient = example_gradient(theta, i)
    return gradient


@summing.mistake(
    "Only the first example of the batch counts. That is SGD with one example; here all of the batch are added up. Look for a "
    "`return` inside the loop, or for `batch[0]`.",
)
def only_the_first(example_gradient, theta, batch):
    return example_gradient(theta, batch[0])


@summing.mistake(
    "The entries of all gradients are added up to a single number. Each parameter has a sum of its own: look at the `axis` of "
    "the sum.",
)
def one_number_for_all(example_gradient, theta, batch):
    return np.sum([example_gradient(theta, i) for i in batch])


@summing.mistake(
    "The gradients of the examples come back one by one. A step needs their sum.",
)
def not_summed(example_gradient, theta, batch):
    return np.array([example_gradient(theta, i) for i in batch])


@summing.mistake(
    "theta itself is part of the sum: it begins with a copy of theta, where zeros of theta's shape are wanted. Look at what "
    "the sum is before the loop.",
)
def starts_at_theta(example_gradient, theta, batch):
    total = np.array(theta, dtype=float)
    for i in batch:
        total = total + example_gradient(theta, i)
    return total


@summing.mistake(
    "The sign is turned round. The gradient points uphill, and the step subtracts it: no minus is needed here.",
)
def downhill(example_gradient, theta, batch):
    return -np.sum([example_gradient(theta, i) for i in batch], axis=0)


@summing.mistake(
    "The sum is squeezed into theta's own type: where theta holds whole numbers, the fractions are cut off. Look for "
    "`zeros_like` or `empty_like`; ask for floats.",
    passes=("sum_of_gradients", "any_batch", "adds_up"),
)
def cut_to_whole_numbers(example_gradient, theta, batch):
    total = np.zeros_like(theta)
    for i in batch:
        total[...] = total + example_gradient(theta, i)
    return total


@summing.mistake(
    "The first example is there twice: once as the beginning of the sum, and once more in the loop. Look at where the loop begins.",
)
def first_counted_twice(example_gradient, theta, batch):
    total = example_gradient(theta, batch[0])
    for i in batch:
        total = total + example_gradient(theta, i)
    return total


@summing.mistake(
    "The last example of the batch is missing. Look at where the loop ends.",
)
def last_example_missing(example_gradient, theta, batch):
    return np.sum([example_gradient(theta, i) for i in batch[:-1]] + [0 * theta], axis=0)


@summing.mistake(
    "Each gradient is computed twice.",
    gate="calls",
)
def asked_twice(example_gradient, theta, batch):
    sizes = [np.size(example_gradient(theta, i)) for i in batch]
    return np.sum([example_gradient(theta, i) for i in batch], axis=0) if sizes else 0 * theta


@summing.mistake(
    "In place: theta holds the sum.",
    gate="changes-arguments",
)
def theta_overwritten(example_gradient, theta, batch):
    total = np.sum([example_gradient(theta, i) for i in batch], axis=0)
    if theta.dtype.kind == "f":
        theta[...] = total
    return total


@summing.pair("mean-for-sum", "one-number-for-all")
def mean_of_all_entries(example_gradient, theta, batch):
    return np.mean([example_gradient(theta, i) for i in batch])


@summing.pair("mean-for-sum", "positions-for-indices")
def mean_over_positions(example_gradient, theta, batch):
    return np.mean([example_gradient(theta, i) for i in range(len(batch))], axis=0)


@summing.right
def running_sum(example_gradient, theta, batch):
    total = 0.0
    for i in batch:
        total = total + np.asarray(example_gradient(theta, i))
    return total


@summing.right
def by_builtin_sum(example_gradient, theta, batch):
    return sum(example_gradient(theta, i) for i in batch)


@summing.right
def mean_times_size(example_gradient, theta, batch):
    gradients = np.array([example_gradient(theta, int(i)) for i in reversed(list(batch))])
    return len(batch) * gradients.mean(axis=0)


@summing.right
def first_and_the_rest(example_gradient, theta, batch):
    total = np.array(example_gradient(theta, batch[0]), dtype=float)
    for k in range(1, len(batch)):
        total += example_gradient(theta, batch[k])
    return total.tolist()


@summing.right
def halves(example_gradient, theta, batch):
    if len(batch) == 1:
        return np.asarray(example_gradient(theta, batch[0]))
    gradients = list(map(lambda i: example_gradient(theta, i), batch))  # noqa: C417
    return np.add.reduce(gradients[::2]) + np.add.reduce(gradients[1::2])


# One pass over the data -------------------------------------------------------------------------------------------------------

passing = Exercise(reference.sgd_epoch, uses=(reference.minibatch_gradient,))


def _passed(rng, label, theta, sizes, shape, lr=None):
    """One pass over as many examples as the sizes of its batches add up to, in random order."""
    order = np.split(rng.permutation(sum(sizes)), np.cumsum(sizes)[:-1])
    arguments = {"example_gradient": _examples(rng, sum(sizes), *shape), "theta": theta, "lr": lr or rates(rng, 1, 0.03, 0.12)[0]}
    return Call("sgd_epoch", arguments | {"batches": order}, label=label)


@passing.part("makes a step for each batch, with the gradient at the point where it stands", weight=2, kind="trajectory")
def step_by_step(rng):
    return [
        _passed(rng, "batches of 3, 3, 3 and 2", vector(rng, 3), [3, 3, 3, 2], (3,)),
        _passed(rng, "batches of 4, 1 and 2", vector(rng, 3), [4, 1, 2], (3,)),
    ]


@passing.part("is SGD with one example to a batch, and gradient descent with one batch for all")
def both_ends(rng):
    return [
        _passed(rng, "five examples one by one", vector(rng, 2), [1] * 5, (2,)),
        _passed(rng, "five examples in one batch", vector(rng, 2), [5], (2,)),
    ]


@passing.part("works for a single number, for a matrix, and for whole numbers")
def shapes(rng):
    return [
        _passed(rng, "theta a number", vector(rng), [2, 3, 1], ()),
        _passed(rng, "theta a matrix", vector(rng, 2, 3), [2, 2], (2, 3)),
        _passed(rng, "theta of whole numbers", rng.integers(1, 9, size=2), [2, 2, 1], (2,)),
    ]


@passing.property(
    "multiplies the error by 1 − ηΣa for each batch, where all parabolas have one minimum: it diverges where that is below −1",
    kind="convergence",
)
def one_minimum(student, rng):
    n, size = 12, 3
    curvatures, minimum = rng.uniform(0.5, 1.5, size=n), vector(rng, 2)
    batches = [rng.permutation(n)[k : k + size] for k in range(0, n, size)]
    sums = np.array([curvatures[batch].sum() for batch in batches])
    for share in (0.9, 1.1):
        lr = share * 2 / sums.min()
        theta = student.sgd_epoch(
            example_gradient=lambda at, i: curvatures[int(i)] * (np.asarray(at, dtype=float) - minimum),
            theta=minimum + 1.0, lr=lr, batches=batches,
        )  # fmt: skip
        # Cancellation: theta is far smaller than the terms it is made of where the factors are near zero.
        close(theta, minimum + np.prod(1 - lr * sums), rtol=1e-8, where=f"theta at {share:g} of the limit of the flattest batch")


@passing.property("goes where gradient descent goes, for a small rate: the difference falls like its square", kind="convergence")
def like_gradient_descent(student, rng):
    n = 8
    curvatures, centres, theta = rng.uniform(0.5, 1.5, size=n), vector(rng, n, 2), vector(rng, 2)

    def example_gradient(at, i):
        return curvatures[int(i)] * (np.asarray(at, dtype=float) - centres[int(i)])

    full = np.sum(curvatures[:, None] * (theta - centres), axis=0)
    apart, batches = [], np.split(rng.permutation(n), 4)
    for lr in (1e-3, 1e-4):
        result = as_numbers(student.sgd_epoch(example_gradient=example_gradient, theta=theta, lr=lr, batches=batches))
        if result is None or result.shape != theta.shape:
            raise CheckFailed("theta after the pass has the shape of theta before it")
        apart.append(np.linalg.norm(result - (theta - lr * full)))
    # A tenth of the rate: the difference should be about a hundredth, and is a tenth where the step itself is another one.
    if not apart[1] < max(apart[0] / 20, 1e-13):
        raise CheckFailed(f"the distance from one step of gradient descent is {apart[0]:.3g} at η = 1e-3, {apart[1]:.3g} at 1e-4")


@passing.mistake(
    "All gradients are taken at the theta from before the pass, so the whole epoch is one step of gradient descent. Each "
    "batch needs the gradient where the step before has led. Look at what is passed to minibatch_gradient.",
    passes=("like_gradient_descent",),
)
def pass_stale_theta(example_gradient, theta, lr, batches):
    total = 0 * theta
    for batch in batches:
        total = total + minibatch_gradient(example_gradient, theta, batch)
    return theta - lr * total


@passing.mistake(
    "Every step is divided by the size of its batch. In this lecture a batch's gradient is the sum, so a batch of twice the "
    "size makes a step of about twice the length.",
)
def pass_mean_step(example_gradient, theta, lr, batches):
    for batch in batches:
        theta = theta - lr * minibatch_gradient(example_gradient, theta, batch) / len(batch)
    return theta


@passing.mistake(
    "There is a step for every example, not for every batch: inside a batch, theta moves already. All gradients of a batch "
    "are taken at one and the same theta.",
    passes=("like_gradient_descent",),
)
def pass_example_by_example(example_gradient, theta, lr, batches):
    for batch in batches:
        for i in batch:
            theta = theta - lr * example_gradient(theta, i)
    return theta


@passing.mistake(
    "The pass ends after the first batch. Look for a `return` that stands inside the loop.",
)
def pass_only_the_first_batch(example_gradient, theta, lr, batches):
    for batch in batches:
        return theta - lr * minibatch_gradient(example_gradient, theta, batch)
    return theta


@passing.mistake(
    "Every step begins at the theta from before the pass, so that only the last batch counts. Look at which name the result "
    "of a step gets.",
)
def pass_only_the_last_batch(example_gradient, theta, lr, batches):
    for batch in batches:
        result = theta - lr * minibatch_gradient(example_gradient, theta, batch)
    return result


@passing.mistake(
    "The last batch is missing. Look at where the loop ends.",
)
def pass_last_batch_missing(example_gradient, theta, lr, batches):
    for batch in batches[:-1]:
        theta = theta - lr * minibatch_gradient(example_gradient, theta, batch)
    return theta + 0.0


@passing.mistake(
    "The step goes along the gradient, uphill. Descent subtracts it: look at the sign.",
)
def pass_uphill(example_gradient, theta, lr, batches):
    for batch in batches:
        theta = theta + lr * minibatch_gradient(example_gradient, theta, batch)
    return theta


@passing.mistake(
    "The learning rate is not used: each step is the whole gradient of its batch. Look at what the slide multiplies it by.",
)
def pass_no_rate(example_gradient, theta, lr, batches):
    for batch in batches:
        theta = theta - minibatch_gradient(example_gradient, theta, batch)
    return theta


@passing.mistake(
    "All points of the pass come back. Only theta after the last batch is wanted.",
)
def pass_all_the_points(example_gradient, theta, lr, batches):
    points = [theta]
    for batch in batches:
        points.append(points[-1] - lr * minibatch_gradient(example_gradient, points[-1], batch))
    return points


@passing.mistake(
    "What comes back is the way that theta has gone, not where it has arrived. Look at what the steps are subtracted from.",
)
def pass_the_way_alone(example_gradient, theta, lr, batches):
    start = theta
    for batch in batches:
        theta = theta - lr * minibatch_gradient(example_gradient, theta, batch)
    return start - theta


@passing.mistake(
    "The learning rate is divided by the number of batches. It is the rate of each step: the whole pass is as many steps long "
    "as there are batches.",
)
def pass_rate_shared(example_gradient, theta, lr, batches):
    for batch in batches:
        theta = theta - lr / len(batches) * minibatch_gradient(example_gradient, theta, batch)
    return theta


@passing.mistake(
    "theta is squeezed into its own type: where it holds whole numbers, the fractions are cut off after each step. Look for "
    "`theta[...] = …` or `zeros_like`; make a new array in each step.",
    passes=("step_by_step", "both_ends", "one_minimum", "like_gradient_descent"),
)
def pass_cut_to_whole_numbers(example_gradient, theta, lr, batches):
    theta = np.array(theta)
    for batch in batches:
        theta[...] = theta - lr * minibatch_gradient(example_gradient, theta, batch)
    return theta


@passing.mistake(
    "In place: theta itself walks.",
    gate="changes-arguments",
)
def pass_theta_walks(example_gradient, theta, lr, batches):
    if theta.dtype.kind != "f":
        theta = theta.astype(float)
    for batch in batches:
        theta[...] = theta - lr * minibatch_gradient(example_gradient, theta, batch)
    return theta + 0.0


@passing.mistake(
    "Every batch's gradient is computed twice.",
    gate="calls",
)
def pass_gradient_twice(example_gradient, theta, lr, batches):
    for batch in batches:
        length = np.linalg.norm(minibatch_gradient(example_gradient, theta, batch))
        if length >= 0:
            theta = theta - lr * minibatch_gradient(example_gradient, theta, batch)
    return theta


@passing.pair("pass-stale-theta", "pass-mean-step")
def pass_mean_of_the_epoch(example_gradient, theta, lr, batches):
    total = 0 * theta
    for batch in batches:
        total = total + minibatch_gradient(example_gradient, theta, batch) / len(batch)
    return theta - lr * total


@passing.pair("pass-mean-step", "pass-only-the-first-batch")
def pass_mean_of_the_first_batch(example_gradient, theta, lr, batches):
    for batch in batches:
        return theta - lr * minibatch_gradient(example_gradient, theta, batch) / len(batch)
    return theta


@passing.pair("pass-uphill", "pass-no-rate")
def pass_whole_gradients_uphill(example_gradient, theta, lr, batches):
    for batch in batches:
        theta = theta + minibatch_gradient(example_gradient, theta, batch)
    return theta


@passing.right
def pass_sums_written_out(example_gradient, theta, lr, batches):
    theta = np.array(theta, dtype=float)
    for batch in batches:
        theta = theta - lr * sum(example_gradient(theta, i) for i in batch)
    return theta


@passing.right
def pass_folded(example_gradient, theta, lr, batches):
    from functools import reduce

    return reduce(lambda at, batch: at - lr * minibatch_gradient(example_gradient, at, batch), batches, theta)


@passing.right
def pass_by_index(example_gradient, theta, lr, batches):
    point, k = np.asarray(theta), 0
    while k < len(batches):
        point = np.subtract(point, np.multiply(lr, minibatch_gradient(example_gradient, point, batches[k])))
        k += 1
    return point


@passing.right
def pass_points_kept(example_gradient, theta, lr, batches):
    points = [np.array(theta, dtype=float)]
    for batch in batches:
        step = lr * np.asarray(minibatch_gradient(example_gradient, points[-1], list(batch)))
        points.append(points[-1] - step)
    return points[-1].tolist()


# The variance of a batch's gradient -------------------------------------------------------------------------------------------

spread = Exercise(reference.minibatch_variance)


def _spread(rng, label, batch_size, n, *shape):
    rows = vector(rng, n, *shape) * rng.uniform(0.5, 3.0, size=shape) + vector(rng, *shape)
    # The zero of a batch of all is a difference of equal numbers where an answer adds up covariances: rounding is no mistake.
    return Call("minibatch_variance", {"example_gradients": rows, "batch_size": batch_size}, label=label, atol=1e-12)


@spread.part("is the variance of the sum over a batch, drawn without replacement", weight=2, kind="exact")
def of_the_sum(rng):
    n = int(rng.integers(9, 14))
    return [
        _spread(rng, f"batches of 4 out of {n}", 4, n, 3),
        _spread(rng, f"batches of {n - 2} out of {n}", n - 2, n, 3),
        _spread(rng, "batches of 7 out of 30", 7, 30, 2),
    ]


@spread.part("is that of one example for a batch of one, and zero for a batch of all", kind="exact")
def both_ends_known(rng):
    return [_spread(rng, "batches of 1", 1, 8, 3), _spread(rng, "one batch of all", 8, 8, 3), _spread(rng, "1 of 2", 1, 2, 2)]


@spread.part("goes entry by entry, whatever the shape of theta")
def entry_by_entry(rng):
    return [_spread(rng, "theta a number", 3, 10), _spread(rng, "theta a matrix", 5, 9, 2, 3)]


@spread.property("equals what all batches of the size give, counted out one by one", kind="exact")
def counted_out(student, rng):
    rows = vector(rng, 7, 2)
    for size in (2, 3, 5):
        sums = [rows[list(batch)].sum(axis=0) for batch in itertools.combinations(range(7), size)]
        got = student.minibatch_variance(example_gradients=rows, batch_size=size)
        close(got, np.var(sums, axis=0), where=f"batches of {size} out of 7")


@spread.property("is the same for a batch and for the examples that it leaves out", kind="exact")
def left_out(student, rng):
    rows = vector(rng, 11, 3)
    for size in (1, 4):
        one, other = (student.minibatch_variance(example_gradients=rows, batch_size=b) for b in (size, 11 - size))
        close(one, other, where=f"batches of {size} and of {11 - size} out of 11")
        close(one, size * (11 - size) / 10 * np.var(rows, axis=0), where=f"batches of {size}")


@spread.mistake(
    "This is the variance for a batch drawn with replacement, where each draw knows nothing of the others. In an epoch no "
    "example comes twice: the larger the batch, the less is left to chance, and a batch of all has no variance.",
)
def spread_with_replacement(example_gradients, batch_size):
    return batch_size * np.var(example_gradients, axis=0)


@spread.mistake(
    "This is the variance of the batch's mean. The lecture's batch gradient is the sum: it is as many times as large as there "
    "are examples in it, and its variance that number squared.",
    passes=("both_ends_known",),
)
def spread_of_the_mean(example_gradients, batch_size):
    n = len(example_gradients)
    return (n - batch_size) / (batch_size * (n - 1)) * np.var(example_gradients, axis=0)


@spread.mistake(
    "The factor is b(n − b)/n, with the population variance (which divides by n). It would be right with the sample variance, "
    "which divides by n − 1. Check it with a batch of one: it should give the variance of the rows.",
)
def spread_n_for_n_minus_one(example_gradients, batch_size):
    n = len(example_gradients)
    return batch_size * (n - batch_size) / n * np.var(example_gradients, axis=0)


@spread.mistake(
    "The factor is that of the population variance, and the variance is that of a sample (`ddof=1`). The rows are all "
    "examples there are, not a sample of them: divide by n in one of the two.",
)
def spread_sample_variance(example_gradients, batch_size):
    n = len(example_gradients)
    return batch_size * (n - batch_size) / (n - 1) * np.var(example_gradients, axis=0, ddof=1)


@spread.mistake(
    "This is the standard deviation, the root of what is asked for.",
)
def spread_standard_deviation(example_gradients, batch_size):
    n = len(example_gradients)
    return np.sqrt(batch_size * (n - batch_size) / (n - 1) * np.var(example_gradients, axis=0))


@spread.mistake(
    "One variance for all entries together. Each parameter has its own: look at the `axis` of the variance.",
)
def spread_all_entries_together(example_gradients, batch_size):
    n = len(example_gradients)
    return batch_size * (n - batch_size) / (n - 1) * np.var(example_gradients)


@spread.mistake(
    "The variance is taken along the last axis, among the parameters of one example. It is the examples that vary: they are "
    "the rows.",
)
def spread_along_the_wrong_axis(example_gradients, batch_size):
    n = len(example_gradients)
    return batch_size * (n - batch_size) / (n - 1) * np.var(example_gradients, axis=-1)


@spread.mistake(
    "The mean gradient has not been subtracted: these are mean squares. A variance measures the distance from the mean.",
)
def spread_mean_square(example_gradients, batch_size):
    n = len(example_gradients)
    return batch_size * (n - batch_size) / (n - 1) * np.mean(np.square(example_gradients), axis=0)


@spread.mistake(
    "The batch size is squared, as if all examples of a batch were the same one. Different examples partly cancel: variances "
    "of independent draws add up, so that the size enters once.",
    passes=("both_ends_known",),
)
def spread_size_squared(example_gradients, batch_size):
    n = len(example_gradients)
    return batch_size**2 * (n - batch_size) / (n - 1) * np.var(example_gradients, axis=0)


@spread.mistake(
    "The batch size before the bracket is missing: this shrinks from the first example on. A sum of more numbers varies more, "
    "until the batch is half of all.",
    passes=("both_ends_known",),
)
def spread_size_forgotten(example_gradients, batch_size):
    n = len(example_gradients)
    return (n - batch_size) / (n - 1) * np.var(example_gradients, axis=0)


@spread.mistake(
    "The factor is rounded down to a whole number, as `//` does. Divide with `/`.",
    passes=("both_ends_known",),
)
def spread_whole_number_factor(example_gradients, batch_size):
    n = len(example_gradients)
    return batch_size * (n - batch_size) // (n - 1) * np.var(example_gradients, axis=0)


@spread.mistake(
    "This is the variance of a single example's gradient: the batch size is not used.",
)
def spread_of_one_example(example_gradients, batch_size):
    return np.var(example_gradients, axis=0)


@spread.mistake(
    "This is the variance within the first batch_size rows. The rows of *all* examples are needed: any of them may be drawn.",
)
def spread_first_rows(example_gradients, batch_size):
    return np.var(example_gradients[:batch_size], axis=0)


@spread.mistake(
    "In place: the rows are centred.",
    gate="changes-arguments",
)
def spread_rows_centred(example_gradients, batch_size):
    n = len(example_gradients)
    example_gradients -= example_gradients.mean(axis=0)
    return batch_size * (n - batch_size) / (n - 1) * np.mean(example_gradients**2, axis=0)


@spread.pair("spread-of-the-mean", "spread-with-replacement")
def spread_of_a_mean_with_replacement(example_gradients, batch_size):
    return np.var(example_gradients, axis=0) / batch_size


@spread.pair("spread-with-replacement", "spread-sample-variance")
def spread_of_a_sample_with_replacement(example_gradients, batch_size):
    return batch_size * np.var(example_gradients, axis=0, ddof=1)


@spread.pair("spread-with-replacement", "spread-all-entries-together")
def spread_with_replacement_of_all_entries(example_gradients, batch_size):
    return batch_size * np.var(example_gradients)


@spread.right
def spread_sample_variance_with_its_factor(example_gradients, batch_size):
    n = len(example_gradients)
    return batch_size * (1 - batch_size / n) * np.var(example_gradients, axis=0, ddof=1)


@spread.right
def spread_independent_draws_corrected(example_gradients, batch_size):
    rows = np.asarray(example_gradients, dtype=float)
    n = rows.shape[0]
    independent = batch_size * rows.var(axis=0)
    return independent * (n - batch_size) / (n - 1)


@spread.right
def spread_from_two_moments(example_gradients, batch_size):
    n = len(example_gradients)
    mean = sum(example_gradients) / n
    squares = sum((row - mean) ** 2 for row in example_gradients)
    return (batch_size * (n - batch_size) * squares / (n * (n - 1))).tolist()


@spread.right
def spread_variances_and_covariances(example_gradients, batch_size):
    n = len(example_gradients)
    centred = np.asarray(example_gradients) - np.mean(example_gradients, axis=0)
    one = np.sum(centred**2, axis=0) / n
    two = (np.sum(centred, axis=0) ** 2 - np.sum(centred**2, axis=0)) / (n * (n - 1))
    return batch_size * one + batch_size * (batch_size - 1) * two


# The question -----------------------------------------------------------------------------------------------------------------

question = Question(
    "which_functions",
    reference.which_functions,
    {
        "a": "Then one example would do for the whole training. Different examples have different minima; that they quarrel is the "
        "noise of SGD, and between their minima it never ends.",
        "b": "A step that lowers one J_i may raise the sum: near the common minimum about every other step does.",
        "c": "The gradients of single examples do not vanish at the minimum of J. Only their sum does.",
        "d": "The mean of ∇J_i over all i is ∇J/N. So single steps go wrong, and many of them together go the right way: that is "
        "what a sum has, and another function of the examples has not.",
    },
)


# What the figures show of the reference ---------------------------------------------------------------------------------------

PARABOLAS, LOGISTIC = objectives.get("parabolas"), objectives.get("logistic")


def _orders(n_epochs):
    """The orders in which the figure of the region of uncertainty hands out its examples, a row for each epoch."""
    rng = np.random.default_rng(0)
    return np.array([rng.permutation(PARABOLAS.n_examples) for _ in range(int(n_epochs))])


def _in_the_region(batch_size):
    return run_batches(reference.sgd_epoch, PARABOLAS, 0.1, _orders(8).reshape(-1, int(batch_size)))


def _noise(step):
    rows = LOGISTIC.example_gradient(LOGISTIC.start, np.arange(40))
    return [np.sqrt(np.sum(reference.minibatch_variance(rows, b))) for b in range(1, 40, int(step))]


GHOSTS = {
    "orders": Ghost(_orders, {"n_epochs": [8]}, {"n_epochs": 8}),
    "region": Ghost(_in_the_region, {"batch_size": [1, 3, 12]}, {"batch_size": 1}),
    # With all examples in one batch there is nothing left to chance but the order of a sum.
    "losses": Ghost(
        lambda lr: run_epochs(reference.minibatches, reference.sgd_epoch, LOGISTIC, lr, 40, 30), {"lr": [0.2]}, {"lr": 0.2}
    ),
    "noise": Ghost(_noise, {"step": [2]}, {"step": 2}),
}

"""Checks and known mistakes of the start notebook."""

import numpy as np

from descentlab.checks import Call, Exercise, Question, close
from grader_tests._draws import vector
from grader_tests._ghosts import Ghost
from reference_impl import s00_start as reference

# The mean squared error -------------------------------------------------------------------------------------------------------

error = Exercise(reference.mean_squared_error)


def _pair(rng, *shape):
    return {"prediction": vector(rng, *shape), "target": vector(rng, *shape)}


@error.part("is the mean of the squared differences")
def of_vectors(rng):
    return [Call("mean_squared_error", _pair(rng, 5)), Call("mean_squared_error", _pair(rng, 3))]


@error.part("takes all entries of a table, and a single number")
def of_other_shapes(rng):
    return [
        Call("mean_squared_error", _pair(rng, 2, 3), label="a table"),
        Call("mean_squared_error", _pair(rng), label="a number"),
    ]


@error.property("is zero for a perfect prediction, and c² where every entry is off by c, one way or the other", kind="exact")
def known_values(student, rng):
    target, c = vector(rng, 4), float(rng.uniform(1.2, 2.0))
    close(student.mean_squared_error(prediction=target, target=target), 0.0, where="a perfect prediction")
    off = target + c * np.array([1.0, -1.0, 1.0, 1.0])
    close(student.mean_squared_error(prediction=off, target=target), c**2, where=f"off by {c:.3g} everywhere")


@error.mistake(
    "The squares are added up, and the sum is not divided by their number. For twice as many examples it is twice as large, though "
    "the model is no worse. Look at what the formula has in front of the sum."
)
def summed(prediction, target):
    return np.sum((prediction - target) ** 2)


@error.mistake(
    "The differences are not squared, so that those above zero and those below cancel. Look at the exponent.",
)
def not_squared(prediction, target):
    return np.mean(prediction - target)


@error.mistake(
    "The square is taken of the mean, at the end. By then differences of opposite sign have cancelled. Look at which comes first "
    "in the formula, the square or the sum."
)
def squared_mean(prediction, target):
    return np.mean(prediction - target) ** 2


@error.mistake(
    "These are the sizes of the differences, not their squares: that is the mean absolute error, another measure. Look for `abs`."
)
def absolute(prediction, target):
    return np.mean(np.abs(prediction - target))


@error.mistake("The root is taken at the end: that is the root mean squared error, often quoted, but not what is asked for here.")
def rooted(prediction, target):
    return np.sqrt(np.mean((prediction - target) ** 2))


@error.mistake(
    "It is half of the mean. A factor ½ is common where the derivative is wanted, since it cancels the 2; this formula has none."
)
def halved(prediction, target):
    return np.mean((prediction - target) ** 2) / 2


@error.mistake("All squared differences come back, one for each entry. What is asked for is one number: their mean.")
def no_mean(prediction, target):
    return (prediction - target) ** 2


@error.mistake(
    "The mean is taken along the first axis alone. For a vector that is all there is; a table keeps one number for each column, "
    "and a single number has no axis at all. Look at `axis`.",
    passes=("of_vectors", "known_values"),
)
def along_one_axis(prediction, target):
    return np.mean((prediction - target) ** 2, axis=0)


@error.mistake("The arguments are changed.", gate="changes-arguments")
def overwritten(prediction, target):
    prediction -= target
    return np.mean(prediction**2)


@error.right
def one_by_one(prediction, target):
    differences = np.ravel(prediction) - np.ravel(target)
    total = 0.0
    for difference in differences:
        total += difference * difference
    return total / len(differences)


@error.right
def by_dot_product(prediction, target):
    difference = np.asarray(prediction - target).reshape(-1)
    return difference @ difference / difference.size


@error.right
def expanded(prediction, target):
    return np.mean(prediction * prediction - 2 * prediction * target + target * target)


@error.right
def by_norm(prediction, target):
    return np.linalg.norm(np.ravel(target - prediction)) ** 2 / np.size(target)


# The question -----------------------------------------------------------------------------------------------------------------

question = Question(
    "first_difference",
    reference.first_difference,
    {
        "a": "Later steps are made from this one, so they differ as well. The check shows the first place, the one to look at.",
        "b": "What comes before the place agrees. Counting of coordinates begins at 0, as in Python: theta[1] is the second.",
        "c": "The 3 is the number of the step and the 1 in brackets that of the coordinate. How many are wrong it does not say.",
        "d": "The loop did its third step, or there would be nothing to compare. It came out differently.",
    },
)


# What the figures show of the reference ---------------------------------------------------------------------------------------

X, Y = np.array([0.5, 1.0, 1.5, 2.0, 2.5]), np.array([1.2, 1.8, 3.1, 4.2, 4.7])

GHOSTS = {
    "loss": Ghost(
        lambda measurements: [reference.mean_squared_error(theta * X, Y) for theta in np.linspace(0.0, 4.0, 81)],
        {"measurements": [5]},
        {"measurements": 5},
    ),
}

"""The loops over batches, and the figures of sums over examples: right numbers, and standing whatever a function does."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from descentlab import objectives, plots, recordings
from descentlab.batches import average_step, measure_noise, run_batches, run_epochs
from reference_impl.s03_stochastic_gradient import minibatch_gradient, minibatch_variance, minibatches, sgd_epoch

PARABOLAS, LOGISTIC = objectives.get("parabolas"), objectives.get("logistic")
ORDERS = recordings.ghost("s03_stochastic_gradient/orders").path.astype(int)


@pytest.fixture(autouse=True)
def _strict():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def texts(figure: Figure) -> str:
    figure.canvas.draw()
    return " ".join(" ".join(text.get_text() for text in figure.findobj(Text)).split())


# Loops ------------------------------------------------------------------------------------------------------------------------


def test_a_walk_over_given_batches_keeps_the_point_after_each():
    batches = ORDERS[0].reshape(-1, 3)
    points = run_batches(sgd_epoch, PARABOLAS, 0.1, batches)
    assert points.shape == (5,)
    assert points[0] == PARABOLAS.start
    theta = PARABOLAS.start
    for k, batch in enumerate(batches):
        theta = theta - 0.1 * sum(PARABOLAS.example_gradient(theta, i) for i in batch)
        assert points[k + 1] == pytest.approx(theta)
    assert points[-1] == pytest.approx(float(sgd_epoch(PARABOLAS.example_gradient, PARABOLAS.start, 0.1, batches)))


def test_a_pass_in_place_changes_no_point_that_is_kept():
    def in_place(example_gradient, theta, lr, batches):
        theta -= lr * example_gradient(theta, batches[0][0])
        return theta

    batches = ORDERS[0].reshape(-1, 1)
    np.testing.assert_allclose(run_batches(in_place, PARABOLAS, 0.1, batches), run_batches(sgd_epoch, PARABOLAS, 0.1, batches))


@pytest.mark.parametrize(("size", "steps"), [(1, 40), (7, 6), (40, 1)])
def test_epochs_have_as_many_steps_as_batches_and_come_from_their_seed(size, steps):
    walk = run_epochs(minibatches, sgd_epoch, LOGISTIC, 0.05, size, 3, seed=4)
    assert walk.shape == (3 * steps + 1, 2)
    np.testing.assert_array_equal(walk, run_epochs(minibatches, sgd_epoch, LOGISTIC, 0.05, size, 3, seed=4))
    if size < 40:
        assert not np.allclose(walk, run_epochs(minibatches, sgd_epoch, LOGISTIC, 0.05, size, 3, seed=5))


def test_what_is_not_written_yet_gives_none_and_what_is_wrong_is_said():
    def unwritten(*_):
        return None

    assert run_batches(unwritten, PARABOLAS, 0.1, [[0]]) is None
    assert run_epochs(unwritten, sgd_epoch, PARABOLAS, 0.1, 2, 1) is None
    assert run_epochs(minibatches, unwritten, PARABOLAS, 0.1, 2, 1) is None
    assert average_step(unwritten, minibatch_gradient, LOGISTIC, 0.1, 2) is None
    assert average_step(minibatches, unwritten, LOGISTIC, 0.1, 2) is None
    assert measure_noise(unwritten, minibatch_gradient, LOGISTIC, [2]) is None
    assert measure_noise(minibatches, unwritten, LOGISTIC, [2]) is None
    with pytest.raises(TypeError, match=r"sgd_epoch should return theta of shape \(\), and returned \(2,\)"):
        run_batches(lambda *_: [1.0, 2.0], PARABOLAS, 0.1, [[0]])


@pytest.mark.parametrize("size", [1, 4, 40])
def test_the_average_step_is_that_of_the_whole_gradient(size):
    step = average_step(minibatches, minibatch_gradient, LOGISTIC, 0.05, size)
    np.testing.assert_allclose(step, 0.05 * size / 40 * LOGISTIC.gradient(LOGISTIC.start))
    rows = average_step(lambda n, b, rng: rng.permutation(n).reshape(-1, b), minibatch_gradient, LOGISTIC, 0.05, size)
    np.testing.assert_allclose(rows, step)


def test_the_noise_that_is_measured_is_that_of_the_formula():
    sizes = [1, 5, 20, 35]
    rows = LOGISTIC.example_gradient(LOGISTIC.start, np.arange(40))
    exact = [np.sqrt(np.sum(minibatch_variance(rows, size))) for size in sizes]
    measured = measure_noise(minibatches, minibatch_gradient, LOGISTIC, sizes, draws=2000)
    # A standard deviation from 2000 draws is known to about 1.6 percent.
    np.testing.assert_allclose(measured, exact, rtol=0.06)


# Figures ----------------------------------------------------------------------------------------------------------------------

DRAWN = {
    "epochs": lambda run: plots.epochs("logistic", run, (1, 40), title="Epochs"),
    "uncertainty": lambda run: plots.uncertainty("parabolas", run, (1, 12), title="Uncertainty"),
}


def walk_of(kind, lr):
    chosen = {"epochs": LOGISTIC, "uncertainty": PARABOLAS}[kind]
    return lambda size: run_epochs(minibatches, sgd_epoch, chosen, lr, size, 4)


@pytest.mark.parametrize("kind", DRAWN)
@pytest.mark.parametrize(
    ("run", "words"),
    [
        (lambda size: None, "not written yet"),
        (lambda size: 1 / 0, "ZeroDivisionError"),
        (lambda size: "text", "returns str"),
        (lambda size: np.zeros((3, 3, 3)), "returns the shape"),
        (lambda size: np.zeros((0, 2)), "returns"),
        (lambda size: None + 1, "needs a function that returns None so far"),
    ],
)
def test_whatever_a_run_does_the_figure_stands_and_says_so(kind, run, words, capfd):
    shown = texts(DRAWN[kind](run))
    assert words in shown
    assert kind.capitalize() in shown
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("kind", DRAWN)
@pytest.mark.parametrize("lr", [0.05, 0.5, 1e150], ids=["converges", "diverges", "overflows"])
def test_divergence_draws_without_a_warning(kind, lr, capfd):
    with np.errstate(all="ignore"):
        assert "Error" not in texts(DRAWN[kind](walk_of(kind, lr)))
    assert capfd.readouterr() == ("", "")


def test_an_epoch_is_one_on_the_axis_whatever_the_size_of_a_batch():
    figure = plots.epochs("logistic", walk_of("epochs", 0.05), (1, 7, 40))
    lines = [line for line in figure.axes[0].get_lines() if len(line.get_xdata()) > 1]
    assert [len(line.get_xdata()) for line in lines] == [161, 25, 5]
    assert all(line.get_xdata()[-1] == 4.0 for line in lines)
    np.testing.assert_allclose(lines[2].get_ydata()[0], LOGISTIC.value(LOGISTIC.start) - LOGISTIC.value(LOGISTIC.minima[0]))


def test_the_region_is_drawn_from_the_smallest_to_the_largest_minimum():
    figure = plots.uncertainty("parabolas", walk_of("uncertainty", 0.1), (1, 3))
    low, high = PARABOLAS.region_of_uncertainty
    assert (low, high) == (PARABOLAS.minimizers.min(), PARABOLAS.minimizers.max())
    spans = [patch.get_bbox() for patch in figure.axes[1].patches]
    assert any(box.y0 == pytest.approx(low) and box.y1 == pytest.approx(high) for box in spans)
    assert "region of uncertainty" in texts(figure)

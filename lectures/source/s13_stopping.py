# %% [markdown]
# # 13. When to stop
#
# Every method of this course is a loop, and none of them says when it ends. How do you know that a run is finished: because
# it has arrived, because it no longer pays, or because it has begun to do harm?
#
# After this section you can
#
# - write the five criteria of the lecture, and say what each of them needs to know;
# - put them in order, so that a run stops for the first good reason and can say which;
# - stop a training early by its validation loss, and return the right parameters;
# - tell when a criterion that looks strict says nothing.
#
# **Time:** about 50 minutes. **Before this:** [gradient descent](../s02_gradient_descent/s02_gradient_descent.ipynb). **Core
# path:** no.

# %% setup
import time

import numpy as np

from descentlab import check, constant, curvefit, objectives, plots, recordings
from descentlab.lights import Lights

fit = curvefit.make()

# %% [markdown]
# ## The problem
#
# The example is a small model that can learn too much. It has 24 noisy points of a sine wave to train on, and fits a sum of 30
# cosines to them:
#
# $$f_\theta(x) = \sum_{k=0}^{29} \frac{\theta_k}{k+1} \cos(\pi k x), \qquad
# J(\theta) = \tfrac12 \sum_{i=1}^{24} \bigl(f_\theta(x_i) - y_i\bigr)^2 .$$
#
# With more waves than points there is a curve through all of them, so $J(\theta_*) = 0$. But that curve has learnt the noise by
# heart. How good a curve really is shows at 24 other points, which are kept aside and never trained on: the same sum over
# them is the **validation loss**.
#
# Gradient descent lowers $J$ in every step. Should it go on for as long as it does?

# %% [markdown]
# ## Five criteria
#
# The slide asks when to stop, and has five answers:
#
# 1. a limit on the number of iterations, or on time, is reached;
# 2. quality on the validation data has begun to fall;
# 3. $J(\theta_t) - J(\theta_*) \le \epsilon$;
# 4. $J(\theta_t) \le \epsilon J(\theta_0)$;
# 5. $\|\nabla J(\theta_t)\| \le \epsilon \|\nabla J(\theta_0)\|$.
#
# They answer different questions. The first is about money. The second is about the aim, which is to do well on data that nobody
# has seen yet. The other three are about $J$ itself: near enough to the lowest value, low enough, flat enough.

# %% [markdown]
# | sign | in code | English | Russian |
# |---|---|---|---|
# | $t$ | `iteration` | number of steps made so far | номер итерации |
# | $J(\theta_t)$, $J(\theta_0)$ | `J`, `J0` | loss now and at the start | значение функции потерь |
# | $J(\theta_*)$ | `J_star` | the lowest loss | минимальное значение |
# | $\nabla J(\theta_t)$, $\nabla J(\theta_0)$ | `gradient`, `gradient0` | gradient now and at the start | градиент |
# | $\epsilon$ | `eps` | how little is little enough | порог |
# | | `losses` | validation losses so far | качество на валидации |
# | | `patience` | evaluations to wait for a new best | терпение |
# | | | stopping criterion | критерий остановки |
# | | | early stopping | ранняя остановка |
# | | | overfitting | переобучение |

# %% [markdown] exercise="budget_spent" points=1
# ### Exercise: the budget
#
# Say whether one of the two limits is reached. A limit of 100 steps allows 100 steps, so it is reached as soon as they are made.
# Where there is no limit, `np.inf` stands for it.
#
# Hint: Two comparisons. Does it take both of them, or is one enough?
#
# Hint: Reached includes just reached: which of `>` and `>=` is true of two equal numbers?
#
# Hint: `iteration >= max_iterations`, `or`, and the same for the seconds. An infinite limit needs no line of its own.

# %% [markdown]
# ## Validation, with patience
#
# "Quality has begun to fall" sounds simple: the last loss is larger than the one before. But validation losses go up and down,
# because the steps are noisy and the data are few. Who stops at the first rise stops far too early.
#
# So one waits. Keep the **best** loss so far. Each evaluation either brings a new best, strictly smaller than all before it, or it
# doesn't. When `patience` evaluations in a row have not, that's enough.
#
# | evaluation | 1 | 2 | 3 | 4 | 5 | 6 |
# |---|---|---|---|---|---|---|
# | loss | 9 | 5 | 7 | 6 | 5 | 8 |
# | without a new best | 0 | 0 | 1 | 2 | 3 | 4 |
#
# With a patience of 3 this ends at the fifth evaluation: the second 5 is no new best.

# %% [markdown] exercise="validation_worsened" points=2
# ### Exercise: patience
#
# Say whether the last `patience` evaluations brought no new best. The list may be empty: before the first evaluation the answer
# is no.
#
# Hint: In the table above, which entry is the best, and how many come after it?
#
# Hint: The best is the *first* of the smallest losses. If it stands at index $k$ of $n$ losses, then $n - 1 - k$ evaluations
# have passed since.
#
# Hint: `np.argmin(losses)` is that index, and it is the first one where several are equal. Compare `len(losses) - 1` minus it
# with `patience`; look at the empty list before.

# %% [markdown]
# ## Near enough, low enough, flat enough
#
# The other three are inequalities, and they can be written down as they stand. Mind three things.
#
# - **Equality counts.** Each has $\le$.
# - **Absolute or relative.** The first compares with $\epsilon$ itself, in the units of $J$. The others take $\epsilon$ as a share
#   of what there was at the start.
# - **The norm** is the Euclidean one over all entries, $\|g\| = \sqrt{\sum_i g_i^2}$, whatever shape the parameters have.

# %% [markdown] exercise="near_optimum" points=1
# ### Exercise: near the optimum
#
# Write $J(\theta_t) - J(\theta_*) \le \epsilon$.
#
# Hint: What is the distance if $J$ is smaller than the `J_star` that you were given, which may be an estimate? Is that a reason
# to go on?
#
# Hint: The inequality has no absolute value and no fraction.
#
# Hint: Subtract `J_star` from `J`, and compare with `eps` by `<=`.

# %% [markdown] exercise="loss_reduced" points=1
# ### Exercise: the loss, reduced to a share
#
# Write $J(\theta_t) \le \epsilon J(\theta_0)$.
#
# Hint: With $\epsilon = 0.1$: must the loss fall *by* a tenth, or *to* a tenth?
#
# Hint: A product is always there; a quotient is not, when the loss at the start is zero.
#
# Hint: Compare `J` with `eps` times `J0` by `<=`.

# %% [markdown] exercise="gradient_reduced" points=2
# ### Exercise: the gradient, reduced to a share
#
# Write $\|\nabla J(\theta_t)\| \le \epsilon \|\nabla J(\theta_0)\|$ for gradients of any shape.
#
# Hint: What does `np.linalg.norm` do with a matrix if you give it nothing else?
#
# Hint: Without a second argument it is the root of the sum of all squares, for any shape. Both sides need it.
#
# Hint: `np.linalg.norm(gradient) <= eps * np.linalg.norm(gradient0)`; or the same with `np.sqrt(np.sum(gradient**2))`.

# %% [markdown]
# ## Five lights on one run
#
# Here is gradient descent on the curve above, 300 steps at $\eta = 0.04$; a step is taken to last a tenth of a second. Your
# five functions are asked at every step, and each has a light of its own. The limits stand in the code.
#
# Before you run it: which light goes on first, and which of them go on *after* the run has begun to do harm?

# %% figure="lights" alt="Training and validation loss over 300 steps, and five lights under them. The training loss falls all the way, the validation loss is lowest at step 48 and rises after it. The lights go on at step 68 for validation, 147 for the loss, 178 for the optimum, 217 for the gradient, and 250 for the budget."
states = fit.states(recordings.ghost("s13_stopping/walk").path)
criteria = {
    "budget": lambda s: budget_spent(s["iteration"], s["seconds"], max_iterations=250, max_seconds=60),
    "validation": lambda s: validation_worsened(s["validation"], patience=20),
    "optimum": lambda s: near_optimum(s["J"], J_star=0.0, eps=0.75),
    "loss": lambda s: loss_reduced(s["J"], s["J0"], eps=0.1),
    "gradient": lambda s: gradient_reduced(s["gradient"], s["gradient0"], eps=0.04),
}
plots.lights(states, criteria, ghost=recordings.ghost("s13_stopping/lights"), title="Five lights on one run")

# %% [markdown]
# The validation loss is lowest at step 48; patience notices it twenty steps later. Everything after that is overfitting: $J$
# falls by more than half, and the curve gets worse where it counts. Three lights say "well done" for it, one after the other.
#
# That isn't their fault. They watch the minimisation of $J$, and it goes well. But in learning, $J$ stands in for what we want, the
# loss on data to come. Once the error of that stand-in is larger than what the minimisation still has to give, further steps
# buy nothing (L. Bottou, F. Curtis and J. Nocedal, SIAM Review 60, 2018, [arXiv:1606.04838](https://arxiv.org/abs/1606.04838),
# treat this trade).

# %% [markdown]
# ## What each of them needs to know
#
# **Validation** needs data that are given up for training, and one more evaluation each time. **The budget** needs nothing, and
# so it is never missing: it alone is certain to end a run that converges too slowly, or not at all.
#
# **The optimum** needs $J(\theta_*)$. Here it is zero, because the model can go through all points. For most models nobody knows
# it, and the criterion is one for theory and for tests.
#
# **The gradient** needs a full one. In SGD (section 3) the gradient of a mini-batch stays long even at the minimum, where the
# gradients of single examples cancel only in the sum over all.

# %% [markdown]
# ## Where the slide is loose
#
# **$J \le \epsilon J_0$ wants a loss whose zero means something.** Let $J_0 = -1$, as for a log-density, and $\epsilon = 0.1$.
# Then $J \le -0.1$ holds at the start, before any step. For a negative $J$ the criterion means nothing. And where the lowest
# loss is above $\epsilon J_0$, it never holds at all.
#
# **A share of the start is worth as much as the start.** On the double well with $\epsilon = 0.01$, a run from $\theta_0 = 1.9$
# goes on until its gradient is 0.05, close to a minimum. From $\theta_0 = 10$, where the gradient is 990, it ends at $\theta =
# 2.27$, on a slope of 9.7. Whoever starts badly enough has arrived in no time.

# %% [markdown] question="when_to_stop" points=1
# ### Question
#
# When to stop should not depend on what leaves the run as it is. Somebody adds the constant 100 to the loss, in training and in
# validation. All gradients stay, so every $\theta_t$ is the same as before. Which criterion may now stop at another step? Set
# `when_to_stop` to the letter of your answer, in quotes.
#
# - **a.** Validation: no new best for `patience` evaluations.
# - **b.** Near the optimum: $J(\theta_t) - J(\theta_*) \le \epsilon$.
# - **c.** The loss reduced: $J(\theta_t) \le \epsilon J(\theta_0)$.
# - **d.** The gradient reduced: $\|\nabla J(\theta_t)\| \le \epsilon \|\nabla J(\theta_0)\|$.

# %% [markdown]
# ## One answer out of five
#
# A loop needs one answer: go on, or stop, and why. Two dicts hold what is known. `state` is what the run looks like now, `limits`
# what you have decided on before. Any limit may be absent, and what is absent never stops.
#
# One answer comes before the five. A run that diverges makes $J$ infinite, then NaN, and **no inequality with NaN is true**. No
# criterion would ever stop it, and a night of computing would go into numbers that are none. So the first question is whether $J$
# and the whole gradient are finite.

# %% [markdown] exercise="stop_reason" points=3
# ### Exercise: the first reason
#
# Return the name of the first criterion that holds, in the order `"diverged"`, `"budget"`, `"validation"`, `"optimum"`, `"loss"`,
# `"gradient"`, or `None`. Use your five functions. The criterion `"optimum"` needs two limits, and without both it isn't asked.
#
# Hint: A row of `if … return` asks in order by itself. What should happen at a limit that isn't in the dict?
#
# Hint: `"patience" in limits` says whether it is there. `if limits.get("J_star")` doesn't: a $J_*$ of zero counts as false. For the
# budget, `limits.get("max_iterations", np.inf)` puts infinity for what is absent.
#
# Hint: First `if not (np.isfinite(state["J"]) and np.all(np.isfinite(state["gradient"])))`, then one `if` for each criterion:
# its limits are there, `and` your function says yes.

# %% [markdown]
# Now one $\epsilon$ for both shares, and the patience, on sliders. The dashed line is where `stop_reason` ends the run, with a
# budget of 250 steps and $\epsilon = 0.75$ for the optimum.
#
# Which patience is too long to be of use? And for which $\epsilon$ does the gradient stop the run *before* it overfits: could you
# have known it beforehand?

# %% figure="explore" alt="The losses of the run and its five lights, with sliders for patience and for epsilon. With patience 20 and epsilon 0.1 the gradient is lit from step 42 on, where the run stops; validation from step 68, the loss from 147, the optimum from 178, the budget from 250."
Lights(states, stop_reason, {"max_iterations": 250, "J_star": 0.0, "eps_optimum": 0.75}, ghost="s13_stopping/first_lit")

# %% [markdown]
# At $\epsilon = 0.1$ the gradient's light is on at step 42, the loss's at step 147. On a parabola it is the other way round.
# There each step multiplies the gradient by $1 - \eta\lambda$ and $J$ by its square, so with the same $\epsilon$ the gradient needs
# *twice* as many steps as the loss.
#
# What is different here? Most of the loss that is left lies along fine waves, in directions of small curvature $\lambda$. An error
# $e$ there costs $\tfrac12\lambda e^2$ and shows as a gradient of $\lambda e$ alone. **A short gradient says that the ground is flat,
# not that it is low.** The same is true on a plateau and at a saddle point.

# %% [markdown]
# ## The whole run
#
# The loop that has been missing since section 2. Before *every* step, the first one too, it asks whether to make it: at $t = 0$
# the start may be good enough, or the budget zero. Then it returns three things: $\theta$, the reason, and the number of steps.
#
# Which $\theta$? Mostly the one where it stands. There are two exceptions.
#
# - **Validation** notices the best point only when it has been passed. Return that point, not the last one.
# - **Diverged** means that the present point is of no use. Return the last one before.
#
# Time is read from a `clock` that is passed in. So a test can hand over a clock of its own, and needn't wait.

# %% [markdown] exercise="minimize" points=4
# ### Exercise: minimise, and know when to stop
#
# Write the loop with your `stop_reason`. Evaluate `J`, `gradient_of` and, where there is one, `validation` once at each point. The
# rate of step $t$ is `schedule(t)`, $t = 1, 2, \dots$ Read the clock once at the beginning; the seconds in the state count from
# there.
#
# Hint: What must be remembered from the first point, what from the point before, and what from the best one?
#
# Hint: `while True:` evaluate, keep, ask; if there is a reason, return; otherwise step. Make a new array in each step, so that the
# point you kept stays what it was.
#
# Hint: A new best is found where the new validation loss is smaller than `min` of all before it. The return may read
# `{"validation": best, "diverged": before}.get(reason, theta), reason, t`.

# %% [markdown]
# ## Early stopping
#
# The same model, trained by your `minimize`: once for a thousand steps, once with a patience of 20. The star on the validation
# curve is the point that came back, and the right panel shows its curve.

# %% figure="early" alt="Left, the losses over a thousand steps: the training loss falls to 0.25, the validation loss is 1.25 at step 48 and 2.47 at the end. Right, the two curves that came back: after a thousand steps it bends towards every training point, with early stopping at step 68 it follows the sine wave smoothly."
plots.early_stopping(
    fit,
    lambda J, limits: minimize(J, fit.gradient, fit.start, constant(0.04), limits, fit.validation),
    {"to the end": {"max_iterations": 1000}, "patience 20": {"max_iterations": 1000, "patience": 20}},
    ghost=recordings.ghost("s13_stopping/losses"),
    title="Trained to the end, and stopped early",
)

# %% [markdown]
# A fifteenth of the steps, and half of the validation loss: 1.25 instead of 2.47. The training loss is more than five times as
# high, and that is the point.
#
# Why does gradient descent learn the sine first and the noise later? The coarse waves have the large curvatures, so their errors
# shrink first; the fine waves, with which the noise is copied, come slowly. Stopping early is a way of leaving them out.
#
# One warning. The best validation loss has been *chosen*, as the smallest of many. It is a little too good, so an honest report
# needs a third set of data, the test set.

# %% [markdown]
# ## Break it
#
# So far the validation curve was smooth, and a patience of 1 would have done. Now the gradients get noise, as those of mini-batches
# have it. Predict: where does a patience of 1 stop, and how long must it be before more of it changes nothing?

# %%
for patience in (1, 5, 20, 50):
    result = minimize(
        fit.value, objectives.noisy(fit, scale=2.0), fit.start, constant(0.04),
        {"max_iterations": 300, "patience": patience}, fit.validation)
    if result is not None:
        theta, reason, n_steps = result
        print(f"patience {patience:>2}: {n_steps:>3} steps, validation loss {fit.validation(theta):.2f}")

# %% [markdown]
# <details><summary>What happened</summary>
#
# With a patience of 1 the first unlucky step ends the run, after 8 steps, with a validation loss of 2.25. A patience of 5 gets to
# step 30 and 1.40; one of 20 to step 56 and 1.18. A patience of 50 returns the very same point, and has paid for thirty more steps
# to be sure.
#
# This is the usual trade. L. Prechelt (*Early stopping, but when?*, 1998) compared criteria in 1296 trainings of neural
# networks: the slower ones gave about 4 % less error on average, and took about four times as long. He also let the loss rise
# several times in a row, instead of waiting for a new best; that forgives less.
#
# </details>

# %% [markdown]
# ## Recap
#
# - **Ask before every step**, in this order: diverged, budget, validation, near the optimum, loss reduced, gradient reduced.
# - **Cost:** the budget and the three inequalities use what the step has computed anyway. Validation costs an evaluation on its own
#   data each time, and one more array of $\theta$'s size for the best point.
# - **Return** the best validated point if validation stopped it, the last finite one if it diverged.
# - **Relative criteria** are worth as much as the start; $J \le \epsilon J_0$ needs a loss whose zero means something; a short
#   gradient means flat, not low.
#
# **In PyTorch / Keras / Optax:** `keras.callbacks.EarlyStopping(patience=20, restore_best_weights=True)` is the second criterion, asked
# once an epoch; without the last argument it leaves you the *last* weights. `torch.optim.LBFGS` stops by `tolerance_grad`, which is
# absolute and a maximum norm. Other optimizers there, and all of Optax, leave the loop, and so the end of it, to you.
#
# Further reading: L. Prechelt, *Early stopping, but when?*, in *Neural networks: tricks of the trade*, Springer, 1998.

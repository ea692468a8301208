"""The vocabulary in which checks are written and mistakes named. It needs numpy alone."""

from descentlab.checks.exercise import Exercise, GraderFault, Question, close, prepare, same, source_of
from descentlab.checks.inputs import GradientOf, RuleOf, ScheduleOf
from descentlab.checks.scenarios import Call, Steps, ask
from descentlab.checks.students import InPlace, Plain
from descentlab.checks.values import Outcome, Raised
from descentlab.checks.verdict import CheckFailed, Prepared, Verdict, assess

__all__ = [
    "Call",
    "CheckFailed",
    "Exercise",
    "GraderFault",
    "GradientOf",
    "InPlace",
    "Outcome",
    "Plain",
    "Prepared",
    "Question",
    "Raised",
    "RuleOf",
    "ScheduleOf",
    "Steps",
    "Verdict",
    "ask", "assess",
    "close",
    "prepare",
    "same",
    "source_of",
]  # fmt: skip

"""The vocabulary in which checks are written and mistakes named. It needs numpy alone."""

from descentlab.checks.exercise import Exercise, GraderFault, Question, close, prepare, same, source_of
from descentlab.checks.inputs import (
    ClockOf,
    ExampleGradientOf,
    GeneratorOf,
    GradientOf,
    LossOf,
    RuleOf,
    ScheduleOf,
    SteppersOf,
    ValueOf,
)
from descentlab.checks.scenarios import Call, Probe, Stepper, Steps, ask
from descentlab.checks.students import InPlace, Plain
from descentlab.checks.values import Outcome, Raised
from descentlab.checks.verdict import CheckFailed, Prepared, Verdict, assess

__all__ = [
    "Call",
    "CheckFailed",
    "ClockOf",
    "ExampleGradientOf",
    "Exercise",
    "GeneratorOf",
    "GraderFault",
    "GradientOf",
    "InPlace",
    "LossOf",
    "Outcome",
    "Plain",
    "Prepared",
    "Probe",
    "Question",
    "Raised",
    "RuleOf",
    "ScheduleOf",
    "Stepper",
    "SteppersOf",
    "Steps",
    "ValueOf",
    "Verdict",
    "ask",
    "assess",
    "close",
    "prepare",
    "same",
    "source_of",
]  # fmt: skip

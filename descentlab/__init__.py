"""descentlab, the students' package: objectives, recorded runs, figures and the check of an exercise."""

from descentlab import objectives
from descentlab.schedules import constant
from descentlab.selfcheck import check

__all__ = ["check", "constant", "objectives"]

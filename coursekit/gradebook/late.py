"""Late penalties and places, as nbgrader_config.py has them: the course's own settings for nbgrader decide."""

from __future__ import annotations

import os
from pathlib import Path

from jupyter_core.paths import jupyter_config_path
from nbgrader.coursedir import CourseDirectory
from nbgrader.plugins import LateSubmissionPlugin
from nbgrader.preprocessors import AssignLatePenalties
from traitlets.config import Config, PyFileConfigLoader


def nbgrader_config(root: Path) -> Config:
    """Return nbgrader's configuration for the course at `root`: Jupyter's folders first, the course's own file last."""
    merged = Config()
    for folder in [*reversed(jupyter_config_path()), os.fspath(root)]:
        file = Path(folder) / "nbgrader_config.py"
        if file.is_file():
            try:
                merged.merge(PyFileConfigLoader(file.name, path=os.fspath(folder)).load_config())
            except Exception as error:
                raise ValueError(f"{file} cannot be read as nbgrader's configuration: {error!r}") from error
    return merged


def course_directory(root: Path, config: Config) -> CourseDirectory:
    """Return nbgrader's view of the course's folders (`db_url`, `course_id`, ...), rooted at `root`."""
    return CourseDirectory(config=config, root=os.path.abspath(root))


class LatePolicy:
    """What nbgrader's AssignLatePenalties does with this configuration, for one submission at a time."""

    def __init__(self, config: Config | None = None):
        # The preprocessor is the plugin's parent in nbgrader too: so options nested under it are found.
        self._assign = AssignLatePenalties(config=config or Config())
        self._assign.init_plugin()
        self._plugin = self._assign.plugin_inst

    @property
    def configured(self) -> bool:
        """Whether the instructor asked for penalties at all (nbgrader's default is none)."""
        default = type(self._plugin) is LateSubmissionPlugin
        return not (default and self._plugin.penalty_method == "none")

    def penalty(self, student: str, score: float, seconds_late: float) -> float | None:
        """Return the points to take off `score`, within [0, score]; None where there are none to take."""
        if seconds_late <= 0:
            return None
        penalty = self._plugin.late_submission_penalty(student, score, seconds_late)
        return None if penalty is None else min(max(penalty, 0.0), score)

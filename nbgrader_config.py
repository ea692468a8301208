"""nbgrader's configuration: run its commands, and the formgrader, from this folder."""

from pathlib import Path

c = get_config()  # noqa: F821 - nbgrader puts it here

# The course is the folder of this file, wherever a command is started; its gradebook is gradebook.db in it.
c.CourseDirectory.root = str(Path(__file__).resolve().parent)
c.CourseDirectory.course_id = "descent-course"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "assignments"

# A function not written yet returns None, and Run All goes on to the next exercise.
c.ClearSolutions.code_stub = {"python": "# YOUR CODE HERE\n..."}

# Nothing is lost by not waiting for each kernel's slow good-bye: 0.2 s less for a submission.
c.Execute.shutdown_kernel = "immediate"

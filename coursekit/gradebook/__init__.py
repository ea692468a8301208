"""nbgrader's gradebook, written in bulk."""

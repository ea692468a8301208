"""What people read of a graded submission: the feedback page, and the notebook in autograded/."""

"""What is taken of a submission: the text that a student may edit, and nothing else."""

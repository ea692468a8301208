"""A class from submissions to verdicts, and what is kept of them."""

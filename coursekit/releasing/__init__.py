"""The student bundle, and the proof that nothing hidden is in it."""

"""What runs inside the box, beside the student's code: standard library, numpy, IPython and matplotlib alone.

The sandbox binds this folder, and nothing else of the engine, into the box; so no module here imports another part of the
engine, and nothing here is a secret. `wire` is used on both sides.
"""

"""coursekit, the instructors' engine: build, release, grade and report a course of self-grading notebooks."""

import sys

# jsonschema, behind nbformat, imports a grammar of international web addresses where it finds one, and that takes a second in each
# process. No schema of a notebook has such an address: it is told that there is none, and goes on without.
sys.modules.setdefault("rfc3987_syntax", None)

"""The answers: the only place where they stand, one module for each section. numpy alone."""

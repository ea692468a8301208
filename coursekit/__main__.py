"""python -m coursekit: the command line, where the script is not on the PATH."""

from coursekit.cli import main

main()

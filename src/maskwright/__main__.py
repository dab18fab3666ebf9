"""`python -m maskwright`, which `torchrun -m maskwright` uses."""

from maskwright.cli import main

main()

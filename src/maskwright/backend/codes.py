"""Codes in the place of a token's id: a label that the loss leaves out, another token, the token that is there."""

IGNORED = -100
"""Label of positions that the loss leaves out (PyTorch's `ignore_index`). It is never an input."""

RANDOM, KEPT = -1, -2
"""What a fill puts in, where it is not one token: another ordinary token for each cell, and the one that is there."""

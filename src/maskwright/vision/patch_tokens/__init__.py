"""Patches hidden inside a vision model: removed before its encoder, or replaced by a learned vector.

What is hidden on the pixels still costs the whole encoder. Removed, 75 % of the patches save about three quarters of a
training step (`bench/drop.py`).
"""

from maskwright.vision.patch_tokens.families import verified
from maskwright.vision.patch_tokens.hooks import FILLS, PatchTokens, check_model
from maskwright.vision.patch_tokens.kept import kept_patches

__all__ = ["FILLS", "PatchTokens", "check_model", "kept_patches", "verified"]

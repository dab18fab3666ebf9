"""Whole numbers on grids: selection, boxes, spans, slices, shares, and the moments of masks."""

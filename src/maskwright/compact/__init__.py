"""Masks that are never made dense, and painting with them."""

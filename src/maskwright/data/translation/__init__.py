"""Texts with their translations."""

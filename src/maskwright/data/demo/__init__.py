"""The demo's data, made from the docstrings of installed libraries."""

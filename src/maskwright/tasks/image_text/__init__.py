"""Tasks on pictures with a text each."""

"""The user's data: read as it is written, checked completely, handed on as columns with known meaning."""

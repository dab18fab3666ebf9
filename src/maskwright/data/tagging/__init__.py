"""Sentences as words with a tag each."""

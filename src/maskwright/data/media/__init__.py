"""Pictures and clips: how they are found, opened and checked."""

"""One reader a file format: from what is on disk, or on the hub, to a table."""

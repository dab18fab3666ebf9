"""Objectives: what is learned. One file per objective; its name is the name in a configuration."""

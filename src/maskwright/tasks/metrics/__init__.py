"""Metrics: one a file, each a formula of sums over examples; tasks name the ones they are judged by."""

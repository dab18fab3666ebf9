"""What masking bought, in numbers: curves, groups, calibration, cost, each with an interval, against the twin."""

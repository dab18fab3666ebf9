"""From a masking to a masked batch: keys, counts, masks, fills, and the checks that come first."""

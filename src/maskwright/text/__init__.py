"""Batches of text: padding, packing, attention masks, collators, and objectives that change the order of tokens."""

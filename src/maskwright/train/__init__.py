"""Training: the Hugging Face Trainer as the loop, with guards around what it gets wrong, and a run folder."""

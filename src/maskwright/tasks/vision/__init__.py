"""Tasks on pictures, and what all tasks on pictures and clips share."""

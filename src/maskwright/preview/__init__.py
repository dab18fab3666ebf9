"""What a masking hides in one's own text, image, sound or table, on the terminal and as a picture."""

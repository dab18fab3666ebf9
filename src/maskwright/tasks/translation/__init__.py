"""Tasks whose answer is a text: translation, and what it is made of."""

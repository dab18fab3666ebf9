"""Tasks that give every word of a sentence a tag."""

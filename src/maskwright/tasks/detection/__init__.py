"""Tasks on pictures with objects in boxes."""

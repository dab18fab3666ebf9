"""Pictures with objects in boxes."""

"""Pictures and clips as models take them: pixels, patches inside a model, objects in boxes."""

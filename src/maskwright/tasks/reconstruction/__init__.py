"""Pre-training by completing: part of each picture or clip is hidden, and the model predicts it."""

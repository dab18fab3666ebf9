"""Object detection: a picture in, boxes with a class and a probability each out."""

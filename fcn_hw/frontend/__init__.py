"""Models of the training world to graphs."""

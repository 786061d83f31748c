"""What verbs print for people, a file a verb."""

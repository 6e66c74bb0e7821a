"""The stages of the figures pipeline, and their parameters."""

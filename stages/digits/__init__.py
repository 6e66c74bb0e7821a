"""The stages of the digits pipeline, and their parameters."""

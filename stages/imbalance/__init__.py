"""The stages of the imbalance pipeline, and their parameters."""

"""Stages of the imbalance pipeline."""

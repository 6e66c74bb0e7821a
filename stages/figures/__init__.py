"""Stages of the figures pipeline."""

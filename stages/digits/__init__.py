"""Stages of the digits pipeline."""

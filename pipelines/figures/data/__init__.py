"""Figures drawn at random, and data sets of them in training, validation and test parts."""

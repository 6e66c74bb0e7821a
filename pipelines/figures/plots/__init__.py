"""Plots of figures, of classifiers and of the network from scratch."""

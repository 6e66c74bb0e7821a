"""Plots of the verifier and of autoencoders."""

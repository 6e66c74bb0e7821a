"""Verifier and autoencoders: networks, training, densities of the latents, and saving."""

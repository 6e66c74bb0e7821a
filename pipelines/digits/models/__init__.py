"""The verifier and the autoencoders: networks, training, densities of the latents, and files."""

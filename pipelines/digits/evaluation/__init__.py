"""Evaluation of autoencoders: reconstruction, generation, anomaly detection and likelihood."""

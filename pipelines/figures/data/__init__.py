"""Random figures, and data sets of them with training, validation and test splits."""

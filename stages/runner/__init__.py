"""How a stage runs: command line, errors, seeds, and the recipes of training and evaluation."""

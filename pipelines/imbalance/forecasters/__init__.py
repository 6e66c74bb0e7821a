"""The kinds of forecasters, their training, their intervals, and trained models in files."""

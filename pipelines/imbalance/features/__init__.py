"""Features of a table: structural imbalance, windows about any origin, and scaled tensors."""

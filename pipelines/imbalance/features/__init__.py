"""Features of a table: structural imbalance, windows around origins, and scaled tensors."""

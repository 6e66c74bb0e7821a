"""The generated parts of README.md and `docs/`: tables, numbers, pictures, JSON Schema."""

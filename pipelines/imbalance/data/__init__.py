"""The table of a power grid: its schema, files, gaps, resolution, calendar and split."""

"""Tables of a power grid: schema, files, gaps, resolution, calendar and splits."""

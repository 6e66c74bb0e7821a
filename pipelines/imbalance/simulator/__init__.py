"""A simulated area of the power grid, and statistics to compare it with the real one."""

"""A simulated area of the power grid, and the statistics that compare it with the real one."""

"""What is computed: three deep-learning pipelines as a pure library."""

"""The last stage: one page over the results of all pipelines."""

"""The last stage: a report on the results of all pipelines."""

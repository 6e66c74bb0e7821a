"""Execution of stages: command line, error handling, training and evaluation of variants."""

"""Tracking in MLflow: store, runs, models, leaderboard and champion of every pipeline.

MLflow shows what the files under `results/` hold. If the store fails, a stage prints a warning and
keeps its results; with `TRACKING_REQUIRED=1` it fails instead.
"""

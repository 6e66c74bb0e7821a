"""MLflow: store, runs, models, leaderboard and champion of every pipeline.

The files under `results/` are the truth; MLflow is a view of them. A store that does not answer
costs a warning and no result, unless `TRACKING_REQUIRED=1`.
"""

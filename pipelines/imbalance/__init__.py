"""The imbalance of a power grid, forecast two hours ahead: data, features, models and scores."""

"""Forecasts of a power grid's imbalance two hours ahead: data, features, models and scores."""

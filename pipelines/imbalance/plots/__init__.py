"""Plots of a series and of forecasts."""

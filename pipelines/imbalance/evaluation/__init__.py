"""Evaluation of forecasters: the backtest, its scores, and the significance of differences."""

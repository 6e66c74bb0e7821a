"""Evaluation of forecasters: backtest, scores, and tests of significance."""

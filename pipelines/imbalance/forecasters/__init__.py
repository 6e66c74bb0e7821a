"""Kinds of forecasters, their training, prediction intervals, and files of trained models."""

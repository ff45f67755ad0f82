"""Forecasts of a series: its windows, their scale, a linear model, and losses of numbers and histograms."""

"""Ranges as magnitudes: variables, the expression graph, and the ways to evaluate it."""

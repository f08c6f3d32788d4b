"""Serving: inference workloads, and the energy, money and carbon of one request."""

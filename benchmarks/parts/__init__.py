"""Parts of `engine.py`: the formula, the clock, one module per group of measures, the peers."""

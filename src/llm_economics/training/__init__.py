"""Training: workloads, and their time, energy, money and carbon before or after the run."""

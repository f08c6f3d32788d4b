"""What training and serving share: a workload, its assumptions, and what its hours cost."""

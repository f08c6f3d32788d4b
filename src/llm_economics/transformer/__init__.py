"""What is computed: architectures, models, and their first laws."""

"""The foundations: units, ranges, sources, errors. Knows nothing of language models."""

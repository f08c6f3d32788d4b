"""Between files and nouns: reading facts as data, with every problem listed at once."""

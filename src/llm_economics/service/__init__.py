"""Products such as ChatGPT, as demand on a fleet."""

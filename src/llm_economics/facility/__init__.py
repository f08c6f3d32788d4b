"""Where it runs, and what that costs the purse and the planet."""

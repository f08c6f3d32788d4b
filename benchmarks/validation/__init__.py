"""Predictions of the library, scored on published rows."""

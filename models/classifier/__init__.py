"""The ticket classifier: the model, its training, calibration, thresholds and the check for tickets out of scope."""

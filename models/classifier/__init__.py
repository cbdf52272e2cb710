"""The ticket classifier: model, training, calibration, thresholds, and the detection of tickets out of scope."""

"""The ticket classifier: the model, its training, its calibration, its thresholds, and the detection of tickets out of scope."""

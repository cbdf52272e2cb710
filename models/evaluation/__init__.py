"""Judges candidates with metrics, checks of replies, the gate and blind studies, and audits the labels of tickets."""

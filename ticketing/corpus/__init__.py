"""Turns source tickets into clean tickets, and labelled clean tickets into a snapshot, an immutable training corpus."""

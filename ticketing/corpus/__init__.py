"""Turns source tickets into clean tickets, and labelled clean tickets into an immutable training corpus (snapshot)."""

"""Turns measurements into pages, tables and plots. It computes no metric and reads no ticket."""

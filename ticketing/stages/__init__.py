"""The steps from a ticket to a draft: ticket → scrubbed → clean → classified → proposed → guarded → restored.

The nightly run, the commands and the blind studies all use these steps.
"""

"""The one way from a ticket to a draft: ticket → scrubbed → clean → classified → proposed → guarded → restored."""

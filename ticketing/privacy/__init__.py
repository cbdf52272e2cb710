"""Personal data: found, replaced by placeholders, kept encrypted in the vault, put back into a draft."""

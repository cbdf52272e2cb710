"""Finds personal data, replaces it by placeholders, keeps it encrypted in the vault, and restores it in drafts."""

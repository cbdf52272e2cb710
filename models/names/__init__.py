"""The name finder: a small BERT that finds names and addresses, trained once per machine on synthetic texts."""

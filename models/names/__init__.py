"""The finder of names and addresses: a small BERT that is trained once on each machine, on made-up texts."""

"""The finder of names and addresses: a small BERT that is trained once a machine on made-up texts."""

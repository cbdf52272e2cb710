"""Model versions: where they come from, their files, which is champion, and which files can go."""

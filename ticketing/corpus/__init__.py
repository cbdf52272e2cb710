"""From scrubbed tickets to an immutable training corpus: cleaning, duplicates, splitting, snapshots."""

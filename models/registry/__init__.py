"""Model versions: their lineage, their artefacts, promotions and rollbacks, and pruning."""

"""The registry of model versions: registration, artefacts, lineage, promotion, rollback and pruning."""

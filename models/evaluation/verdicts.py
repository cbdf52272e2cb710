"""Stores the gate's verdicts on model versions.

Judging is `models.evaluation.judging`; promotion is `models.registry.versions`.
"""

from collections.abc import Mapping
from typing import Any

from psycopg.types.json import Jsonb

from models.evaluation.gate import Verdict
from models.registry.versions import ModelVersion
from models.shared.base import code_version
from ticketing.database import Database, queries


def record_verdict(
    database: Database, model: ModelVersion, verdict: Verdict, numbers: Mapping[str, Any], signatures: Mapping[str, str]
) -> int:
    """Stores a verdict permanently, with the snapshot, the code version and the signature of each number.

    Returns:
        The verdict's number.
    """
    with database.begin() as conn:
        return int(
            queries.insert_verdict(
                conn,
                version=model.version,
                passed=verdict.passed,
                rules=Jsonb([rule.as_dict() for rule in verdict.rules]),
                metrics=Jsonb(numbers),
                snapshot_id=model.snapshot_id,
                code_version=code_version(),
                signatures=Jsonb(signatures),
            )
        )

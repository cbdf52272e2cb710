"""Stores the gate's verdicts on model versions.

`models.evaluation.judging` makes the verdicts. `models.registry.versions` promotes.
"""

from collections.abc import Mapping
from typing import Any

from psycopg.types.json import Jsonb

from models.evaluation.gate import Verdict
from models.registry.versions import ModelVersion
from models.shared.base import code_version
from ticketing.database import Database, queries


def record_verdict(
    database: Database, model: ModelVersion, verdict: Verdict, metrics: Mapping[str, Any], signatures: Mapping[str, str]
) -> int:
    """Stores a verdict permanently, with the snapshot, the code version and the signatures of the metrics.

    Returns:
        The verdict's id.
    """
    with database.begin() as conn:
        return int(
            queries.insert_verdict(
                conn,
                version=model.version,
                passed=verdict.passed,
                rules=Jsonb([rule.as_dict() for rule in verdict.rules]),
                metrics=Jsonb(metrics),
                snapshot_id=model.snapshot_id,
                code_version=code_version(),
                signatures=Jsonb(signatures),
            )
        )

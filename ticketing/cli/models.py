"""`ticketing models`: lists, compares, promotes, rolls back and prunes model versions.

The registry and the database decide what is allowed.
"""

import getpass
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import groupby
from typing import Annotated, Any, Literal

import typer
from rich.markup import escape
from rich.table import Table

from models.registry import lineage, pruning
from models.registry import versions as registry
from ticketing.cli.common import open_database, output
from ticketing.cli.tables import print_table, print_values
from ticketing.database import Database
from ticketing.settings import get_settings

app = typer.Typer(help="List, compare, promote and roll back model versions.", no_args_is_help=True)

SHOWN_RULES = 3

Version = Annotated[
    str, typer.Argument(help="A version: classifier-7, 'classifier 7' (see 'ticketing models list'), or the long name.")
]
Kind = Annotated[Literal["classifier", "generator"], typer.Argument(help="The kind of model to roll back.")]
Reason = Annotated[str | None, typer.Option(help="The reason; the history records it.")]


def _database() -> Database:
    return open_database(get_settings())


@app.command("list")
def list_command() -> None:
    """Lists every version by kind, the newest first, with its latest verdict."""
    versions = lineage.versions(_database())
    if not versions:
        output.print("There is no model yet: run 'ticketing train'.")
    for kind, rows in groupby(versions, key=lambda row: row["kind"]):
        cells = [
            (
                row["short_name"],
                row["state"] + (", pruned" if row["pruned_at"] else ""),
                f"{row['created_at']:%Y-%m-%d}",
                row["snapshot_id"][:8],
                _gate_result(row["passed"]),
                _headline(row),
            )
            for row in rows
        ]
        columns = ("version", "state", "created", "snapshot", "verdict", "metrics")
        print_table(columns, cells, title=f"{kind}s", whole=("version", "created", "verdict"))


@app.command("show")
def show_command(version: Version) -> None:
    """Shows the origin of a version, all its verdicts with every rule, and its history."""
    found = lineage.lineage(_database(), version)
    model = found.model
    names = ("version", "kind", "state", "created_at", "snapshot_id", "base_model", "code_version", "path")
    origin = {name: _shown(model[name]) for name in (*names, "artefact_hash")}
    pruned = {"pruned": f"{_shown(model['pruned_at'])} by {model['pruned_by']}"} if model["pruned_at"] else {}
    print_values(origin | pruned, model["short_name"])
    for title, values in (("parameters", model["parameters"]), ("metrics of the training", model["metrics"])):
        output.print()
        print_values({name: _shown(value) for name, value in lineage.flattened(values).items()}, title)
    for verdict in found.verdicts:
        output.print()
        _print_verdict(verdict)
    output.print()
    _print_history(found.history)


@app.command("compare")
def compare_command(a: Version, b: Version) -> None:
    """Shows where the origins of two versions differ, and their metrics side by side."""
    compared = lineage.compare(_database(), a, b)
    for title, differences in (("differences", compared.origins), ("metrics", compared.metrics)):
        if differences:
            rows = [(name, _shown(first), _shown(second)) for name, first, second in differences]
            print_table(("name", a, b), rows, title)


@app.command("history")
def history_command() -> None:
    """Shows every promotion, rollback and pruning: when, by whom, and after which verdict."""
    _print_history(lineage.history(_database()))


@app.command("promote")
def promote_command(
    version: Version,
    overrule: Annotated[
        bool, typer.Option("--overrule", help="Promote even if the gate said no; the history records your name.")
    ] = False,
    reason: Reason = None,
) -> None:
    """Makes a version the champion if its latest verdict allows it."""
    model = registry.promote_by_hand(_database(), version, getpass.getuser(), overrule, reason, get_settings())
    output.print(
        f"{model.short_name} is the champion {model.kind}; drafting uses it from the next chunk on", markup=False
    )


@app.command("rollback")
def rollback_command(
    kind: Kind,
    to: Annotated[
        str | None, typer.Option(help="The earlier champion to go back to; by default the previous one.")
    ] = None,
    reason: Reason = None,
) -> None:
    """Makes an earlier champion the champion again; drafting uses it from the next chunk on."""
    model = registry.rollback(_database(), kind, getpass.getuser(), get_settings(), to, reason)
    output.print(
        f"{model.short_name} is the champion {kind} again; drafting uses it from the next chunk on", markup=False
    )


@app.command("prune")
def prune_command(
    keep: Annotated[int, typer.Option(min=1, help="Keep this many of the latest champions of each kind.")] = 3,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
) -> None:
    """Removes the files of old versions. Their metrics and history stay."""
    settings, database = get_settings(), _database()
    planned = pruning.plan(database, keep, settings)
    if not planned.versions and not planned.bytes:
        output.print("There is nothing to prune.")
        return
    for version in planned.versions:
        output.print(version, markup=False)
    if not yes:
        typer.confirm(f"Remove the files of these versions ({_megabytes(planned.bytes)}) permanently?", abort=True)
    freed = pruning.prune(database, planned.versions, getpass.getuser(), settings)
    output.print(f"{len(planned.versions)} versions pruned, {_megabytes(freed)} freed")


def _headline(row: Mapping[str, Any]) -> str:
    values = {rule["name"]: rule["value"] for rule in row["rules"] or []} or lineage.flattened(row["metrics"])
    return ", ".join(f"{name} {_shown(value)}" for name, value in list(values.items())[:SHOWN_RULES])


def _gate_result(passed: bool | None) -> str:
    return "none yet" if passed is None else "passed" if passed else "failed"


def _print_verdict(verdict: Mapping[str, Any]) -> None:
    rows = []
    for rule in verdict["rules"]:
        bound = f"{rule.get('operator', '')} {_shown(rule.get('bound'))}"
        interval = f"{_shown(rule.get('low'))} to {_shown(rule.get('high'))}"
        result = rule.get("skipped") or ("yes" if rule["passed"] else "no")
        rows.append((rule["name"], _shown(rule["value"]), interval, bound, _shown(rule.get("margin")), result))
    title = f"verdict {verdict['verdict_id']} of {_shown(verdict['decided_at'])}: {_gate_result(verdict['passed'])}"
    print_table(
        ("rule", "value", "95 % interval", "must be", "margin", "passed"),
        rows,
        title,
        texts=("rule",),
        whole=("95 % interval", "must be"),
    )


def _print_history(rows: Iterable[Mapping[str, Any]]) -> None:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for row in rows:
        grid.add_row(_shown(row["at"]), escape(_event(row)))
    output.print("[italic]history[/]")
    output.print(grid)


def _event(row: Mapping[str, Any]) -> str:
    """An event in a version's history, as a sentence."""
    replaced = f" in place of {row['replaced_name']}" if row["replaced"] else ""
    event = f"{row['short_name']} {row['action']}{replaced} by {row['by_whom']}"
    if row["action"] == "pruned":
        return event
    failed = f" ({', '.join(row['failed_rules'])})" if row["failed_rules"] else ""
    overruled = ", overruled" if row["overruled"] else ""
    reason = f"; reason: {row['reason']}" if row["reason"] else ""
    return f"{event}; verdict {_gate_result(row['verdict_passed'])}{failed}{overruled}{reason}"


def _shown(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _megabytes(size: int) -> str:
    return f"{size / 2**20:,.1f} MiB"

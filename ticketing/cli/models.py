"""`ticketing models`: which versions there are, where they come from, which one drafts, and how to take one back.

The rules are the registry's and the database's; here is what a person sees of them.
"""

import getpass
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import groupby
from typing import Annotated, Any, Literal

import typer
from rich.markup import escape
from rich.table import Column, Table

from models.registry import lineage, pruning
from models.registry import versions as registry
from ticketing.cli.common import open_database, output
from ticketing.database import Database
from ticketing.settings import get_settings

app = typer.Typer(help="List model versions, compare them, promote one and take it back.", no_args_is_help=True)

HEADLINES = 3

Version = Annotated[str, typer.Argument(help="As 'ticketing models list' shows it.")]
Kind = Annotated[Literal["classifier", "generator"], typer.Argument(help="What is taken back.")]
Reason = Annotated[str | None, typer.Option(help="Why; it stays in the history.")]


def _database() -> Database:
    return open_database(get_settings())


@app.command("list")
def list_command() -> None:
    """Lists every version by kind, the newest first, with the gate's last word on it."""
    versions = lineage.versions(_database())
    if not versions:
        output.print("no model has been trained yet")
    for kind, rows in groupby(versions, key=lambda row: row["kind"]):
        table = _table("version", "state", "created", "snapshot", "base model", "verdict", "numbers", title=f"{kind}s")
        for row in rows:
            table.add_row(
                escape(row["version"]),
                row["state"] + (", pruned" if row["pruned_at"] else ""),
                _shown(row["created_at"]),
                escape(row["snapshot_id"][:8]),
                escape(row["base_model"]),
                _verdict_word(row["passed"]),
                escape(_headline(row)),
            )
        output.print(table)


@app.command("show")
def show_command(version: Version) -> None:
    """Shows where a version comes from, every verdict with every rule, and when it drafted."""
    found = lineage.lineage(_database(), version)
    model = found.model
    origin = {
        name: model[name] for name in ("kind", "state", "created_at", "snapshot_id", "base_model", "code_version")
    }
    artefact = {"path": model["path"], "artefact_hash": model["artefact_hash"]}
    pruned = {"pruned": f"{_shown(model['pruned_at'])} by {model['pruned_by']}"} if model["pruned_at"] else {}
    output.print(_names_and_values(version, {**origin, **artefact, **pruned}))
    output.print(_names_and_values("parameters", lineage.flattened(model["parameters"])))
    output.print(_names_and_values("metrics of the training", lineage.flattened(model["metrics"])))
    for verdict in found.verdicts:
        output.print(_verdict_table(verdict))
    output.print(_history_table(found.history))


@app.command("compare")
def compare_command(a: Version, b: Version) -> None:
    """Shows where two versions' origins differ, and their numbers side by side."""
    compared = lineage.compare(_database(), a, b)
    for title, differences in (("what differs", compared.origins), ("numbers", compared.metrics)):
        if not differences:
            continue
        table = _table("name", escape(a), escape(b), title=title)
        for name, one, other in differences:
            table.add_row(escape(name), escape(_shown(one)), escape(_shown(other)))
        output.print(table)


@app.command("history")
def history_command() -> None:
    """Shows which version drafted since when, who made it so, and on which verdict."""
    output.print(_history_table(lineage.history(_database())))


@app.command("promote")
def promote_command(
    version: Version,
    overrule: Annotated[bool, typer.Option("--overrule", help="Even if the gate said no; it is remembered.")] = False,
    reason: Reason = None,
) -> None:
    """Makes a version the champion, on the gate's last word on it."""
    model = registry.promote_by_hand(_database(), version, getpass.getuser(), overrule, reason, get_settings())
    output.print(
        f"{model.version} is the champion {model.kind}; drafting takes it from its next chunk on", markup=False
    )


@app.command("rollback")
def rollback_command(
    kind: Kind,
    to: Annotated[str | None, typer.Option(help="An earlier champion; the one before if left out.")] = None,
    reason: Reason = None,
) -> None:
    """Makes an earlier champion the champion again; drafting takes it from its next chunk on."""
    model = registry.rollback(_database(), kind, getpass.getuser(), get_settings(), to, reason)
    output.print(
        f"{model.version} is the champion {kind} again; drafting takes it from its next chunk on", markup=False
    )


@app.command("prune")
def prune_command(
    keep: Annotated[int, typer.Option(min=1, help="How many of the last champions of each kind stay.")] = 3,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
) -> None:
    """Removes artefacts nobody goes back to. What is known of their versions stays."""
    settings, database = get_settings(), _database()
    planned = pruning.plan(database, keep, settings)
    if not planned.versions and not planned.bytes:
        output.print("nothing to prune")
        return
    for version in planned.versions:
        output.print(version, markup=False)
    if not yes:
        typer.confirm(f"Remove their artefacts, {_megabytes(planned.bytes)}, for good?", abort=True)
    freed = pruning.prune(database, planned.versions, getpass.getuser(), settings)
    output.print(f"{len(planned.versions)} versions pruned, {_megabytes(freed)} freed")


def _headline(row: Mapping[str, Any]) -> str:
    numbers = {rule["name"]: rule["value"] for rule in row["rules"] or []} or lineage.flattened(row["metrics"])
    return ", ".join(f"{name} {_shown(value)}" for name, value in list(numbers.items())[:HEADLINES])


def _verdict_word(passed: bool | None) -> str:
    return "none yet" if passed is None else "passed" if passed else "failed"


def _table(*names: str, title: str | None = None) -> Table:
    # On a narrow terminal rows grow taller, but nothing is cut off; and a version, which one copies into the next
    # command, stays in one piece.
    columns = [Column(name, no_wrap=name == "version", overflow="fold") for name in names]
    return Table(*columns, title=title)


def _names_and_values(title: str, values: Mapping[str, Any]) -> Table:
    table = _table("name", "value", title=escape(title))
    table.show_header = False
    for name, value in values.items():
        table.add_row(escape(name), escape(_shown(value)))
    return table


def _verdict_table(verdict: Mapping[str, Any]) -> Table:
    title = f"verdict {verdict['verdict_id']} of {_shown(verdict['decided_at'])}: "
    table = _table("rule", "value", "95 %", "must be", "margin", "says", title=title + _verdict_word(verdict["passed"]))
    for rule in verdict["rules"]:
        bound = f"{rule.get('operator', '')} {_shown(rule.get('bound'))}"
        interval = f"{_shown(rule.get('low'))} to {_shown(rule.get('high'))}"
        says = rule.get("skipped") or ("yes" if rule["passed"] else "no")
        cells = (rule["name"], _shown(rule["value"]), interval, bound, _shown(rule.get("margin")), says)
        table.add_row(*map(escape, cells))
    return table


def _history_table(rows: Iterable[Mapping[str, Any]]) -> Table:
    table = _table("when", "what", "version", "instead of", "by", "verdict", "reason", title="history")
    for row in rows:
        failed = ", ".join(row["failed_rules"] or [])
        word = "" if row["action"] == "pruned" else _verdict_word(row["verdict_passed"])
        overruled = ", overruled" if row["overruled"] else ""
        table.add_row(
            _shown(row["at"]),
            row["action"],
            escape(row["version"]),
            escape(row["replaced"] or ""),
            escape(row["by_whom"]),
            escape(word + (f" ({failed})" if failed else "") + overruled),
            escape(row["reason"] or ""),
        )
    return table


def _shown(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _megabytes(size: int) -> str:
    return f"{size / 2**20:,.1f} MiB"

"""`ticketing review`: commands with which a reviewer decides on drafts.

They call the SQL functions that a reviewer can also call from psql.
"""

import getpass
from typing import Annotated

import click
import typer

from ticketing import reviewing
from ticketing.cli.common import MAX_BIGINT, open_database, output
from ticketing.cli.tables import print_side_by_side, print_table
from ticketing.database import Database
from ticketing.errors import InputError
from ticketing.settings import get_settings

app = typer.Typer(help="List drafts and decide on them.", no_args_is_help=True)

DraftId = Annotated[
    int, typer.Argument(min=1, max=MAX_BIGINT, help="The id of the draft, as 'ticketing review list' shows it.")
]
Reviewer = Annotated[
    str,
    typer.Option(
        "--as", envvar="TICKETING_REVIEWER", help="The name of the reviewer.", default_factory=getpass.getuser
    ),
]


def _database() -> Database:
    return open_database(get_settings())


@app.command("list")
def list_command(
    limit: Annotated[int, typer.Option(min=1, max=MAX_BIGINT, help="The most drafts to list.")] = 20,
    category: Annotated[str | None, typer.Option(help="List only drafts of this category.")] = None,
) -> None:
    """Lists the drafts that wait for a decision, oldest first."""
    with _database().begin() as conn:
        drafts = reviewing.list_pending(conn, limit=limit, category=category)
    if not drafts:
        output.print("No draft is waiting.")
        return
    rows = [
        (
            str(row["draft_id"]),
            row["ticket_id"],
            row["category"],
            f"{row['confidence']:.2f}",
            row["claimed_by"] or "",
            " ".join(row["draft"].split())[:70],
        )
        for row in drafts
    ]
    print_table(
        ("draft", "ticket", "category", "confidence", "claimed by", "begins"), rows, texts=("begins", "claimed by")
    )


@app.command("next")
def next_command(reviewer: Reviewer) -> None:
    """Claims the oldest draft that nobody has claimed, and shows it beside its ticket."""
    with _database().begin() as conn:
        reviewing.set_actor(conn, reviewer)
        draft = reviewing.claim(conn)
        row = reviewing.show(conn, draft["draft_id"]) if draft else None
    if row is None:
        output.print("No draft is waiting.")
        return
    _print_draft(row)


@app.command("show")
def show_command(draft_id: DraftId) -> None:
    """Shows a pending draft beside its ticket."""
    with _database().begin() as conn:
        _print_draft(reviewing.show(conn, draft_id))


@app.command("release")
def release_command(draft_id: DraftId, reviewer: Reviewer) -> None:
    """Gives up your claim on a draft without a decision, so that others can claim it."""
    with _database().begin() as conn:
        reviewing.set_actor(conn, reviewer)
        reviewing.release(conn, draft_id)
    output.print(f"draft {draft_id} is free: others can claim it")


@app.command("approve")
def approve_command(draft_id: DraftId, reviewer: Reviewer) -> None:
    """Approves a draft as it is; the reply goes into the outbox."""
    with _database().begin() as conn:
        reviewing.set_actor(conn, reviewer)
        reviewing.approve(conn, draft_id)
    output.print(f"draft {draft_id} approved")


@app.command("edit")
def edit_command(
    draft_id: DraftId,
    reviewer: Reviewer,
    body: Annotated[str | None, typer.Option(help="The reply; by default your editor opens with the draft.")] = None,
) -> None:
    """Approves a draft with your changes; the changed reply goes into the outbox."""
    database = _database()
    if body is None:
        with database.begin() as conn:
            draft = reviewing.show(conn, draft_id)
        try:
            body = click.edit(draft["draft"])
        except click.ClickException as error:
            raise InputError(
                f"{error.format_message()}: set EDITOR to your editor, or give the reply with --body."
            ) from None
        if body is None:
            output.print("You did not save the draft: nothing changed.")
            return
    with database.begin() as conn:
        reviewing.set_actor(conn, reviewer)
        reviewing.edit(conn, draft_id, body)
    output.print(f"draft {draft_id} edited")


@app.command("reject")
def reject_command(
    draft_id: DraftId, reviewer: Reviewer, reason: Annotated[str, typer.Option(help="What is wrong with the draft.")]
) -> None:
    """Rejects a draft with a reason."""
    with _database().begin() as conn:
        reviewing.set_actor(conn, reviewer)
        reviewing.reject(conn, draft_id, reason)
    output.print(f"draft {draft_id} rejected")


def _print_draft(row: dict[str, object]) -> None:
    title = f"draft {row['draft_id']} · {row['category']} · confidence {row['confidence']:.2f}"
    ticket = "(the text is no longer stored)" if row["ticket"] is None else f"{row['subject']}\n\n{row['ticket']}"
    print_side_by_side(title, {"ticket": ticket, "draft": str(row["draft"])})
    if not row["is_current"]:
        output.print(
            "The ticket's text has changed since the draft was written. The draft can't be approved: reject or release "
            "it."
        )

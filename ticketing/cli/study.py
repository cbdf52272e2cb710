"""`ticketing study`: blind human evaluation, from the drawing of tickets to its results."""

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from flows.server import prefect_api
from models.registry.versions import find_row, short_names
from ticketing.cli.common import MAX_NUMBER, console, open_database, output
from ticketing.cli.data import EXIT_SOME_REFUSED
from ticketing.cli.tables import print_table
from ticketing.database import Database
from ticketing.settings import get_settings
from ticketing.study import studies
from ticketing.study.sheets import export_sheet, import_sheet

if TYPE_CHECKING:
    from models.evaluation.study_analysis import Analysis, StudyResults

SHOWN_LINES = 20

app = typer.Typer(help="Blind human evaluation: who writes the better replies?", no_args_is_help=True)

StudyId = Annotated[
    int,
    typer.Argument(
        metavar="STUDY", min=1, max=MAX_NUMBER, help="The study's number, as 'ticketing study list' shows it."
    ),
]
Rater = Annotated[str, typer.Option(help="The rater's name; of one with a database login of their own, the login.")]


def _database() -> Database:
    return open_database(get_settings())


@app.command("create")
def create_command(
    size: Annotated[int, typer.Option(min=1, help="How many held-out tickets, of every category and language.")] = 1000,
    candidate: Annotated[
        str | None, typer.Option(help="A generator's version, to be compared with the champion as well.")
    ] = None,
    overlap: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="The share of the tickets that all raters get.")
    ] = 0.2,
    raters: Annotated[int, typer.Option(min=1, help="How many raters share the others; more can join.")] = 3,
    seed: Annotated[
        int | None, typer.Option(min=0, max=2**31, help="The same study again; it unblinds whoever knows it.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="What to call it.")] = None,
) -> None:
    """Draws held-out tickets, lets every system answer them, and opens the study to raters."""
    settings = get_settings()
    database = open_database(settings)
    if candidate is not None:
        candidate = find_row(database, candidate)["version"]
    with prefect_api(settings):
        from flows.study import study

        opened = study(size, candidate, overlap, raters, seed, name, by=getpass.getuser())
    output.print(opened.sentence, markup=False)


@app.command("list")
def list_command() -> None:
    """Lists the studies and how far they are, the newest first."""
    database = _database()
    names = short_names(database)
    rows = [
        (
            str(one.study_id), one.name, one.state, str(one.items), str(one.shared), str(one.joined), str(one.ratings),
            *(names.get(one.systems.get(system) or "", "") for system in ("champion", "candidate")),
        )
        for one in studies.studies(database)
    ]  # fmt: skip
    if not rows:
        output.print("there is no study yet")
        return
    columns = ("study", "name", "state", "tickets", "for all", "raters", "ratings", "champion", "candidate")
    print_table(columns, rows, texts=("name",), whole=("champion", "candidate"))


@app.command("assign")
def assign_command(
    study: StudyId,
    rater: Rater,
    own: Annotated[
        int | None,
        typer.Option(min=0, help="How many of the tickets that not all raters get; a fair share if left out."),
    ] = None,
) -> None:
    """Gives a rater tickets, for rating in the database; 'export' does it too."""
    count = studies.assign(_database(), study, rater, own)
    output.print(f"{rater} has {count:,} tickets to rate in study {study}", markup=False)


@app.command("export")
def export_command(
    study: StudyId,
    rater: Rater,
    output_: Annotated[Path, typer.Option("--output", help="The CSV file; it must not be there yet.")],
) -> None:
    """Writes a rater's tickets to a file for a spreadsheet; nothing in it says who wrote which reply."""
    count = export_sheet(_database(), study, rater, output_)
    output.print(
        f"{count:,} tickets in {output_}: score each reply from 1 (useless) to 5, and name the best one's letter, or "
        "'tie', under preferred",
        markup=False,
    )


@app.command("import")
def import_command(
    study: StudyId,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file of 'ticketing study export', filled in.")],
    rater: Rater,
) -> None:
    """Takes a rater's file back. Running it again changes nothing; exit code 3 says that some rows were refused."""
    done = import_sheet(_database(), study, rater, file)
    output.print(done.sentence(), markup=False)
    for refused in done.refused[:SHOWN_LINES]:
        console.print(f"line {refused.line_number}: {refused.reason}", markup=False)
    if len(done.refused) > SHOWN_LINES:
        console.print(f"and {len(done.refused) - SHOWN_LINES:,} more")
    if done.refused:
        raise typer.Exit(EXIT_SOME_REFUSED)


@app.command("close")
def close_command(study: StudyId) -> None:
    """Ends a study: no rating is taken any more, and its results can count."""
    studies.close(_database(), study, getpass.getuser())
    output.print(f"study {study} is closed")


@app.command("results")
def results_command(study: StudyId) -> None:
    """Shows who was preferred, the mean scores, and how far the raters agree; over all, by category, by language."""
    from models.evaluation.study_analysis import analyse

    database = _database()
    about = studies.find(database, study)
    ratings = studies.ratings(database, study)
    if not ratings:
        output.print(f"study {study} has no rating yet")
        return
    results = analyse(ratings)
    overall = results.overall
    output.print(
        f"study {study} ({about.state}): {overall.ratings:,} ratings by {overall.raters} raters, {overall.items:,} of "
        f"{about.items:,} tickets rated; agreement {_alpha(overall)}",
        markup=False,
    )
    output.print(_preferences(results))
    output.print(_scores(results))


def _preferences(results: "StudyResults") -> Table:
    # No wider than 80 columns, so that no name is cut: a group is a line of its own.
    table = Table("preferred", "better", "tie", "worse", "won", "95 %", title="Each ticket once; won has ties as half")
    for group, analysis in _groups(results):
        table.add_section()
        table.add_row(f"[bold]{escape(group)}[/bold], {analysis.items:,} tickets")
        for one in analysis.preferences:
            table.add_row(
                f"{one.system} over {one.against}", f"{one.wins:.0%}", f"{one.ties:.0%}", f"{one.losses:.0%}",
                f"{one.win_rate.value:.3f}", f"{one.win_rate.low:.3f}–{one.win_rate.high:.3f}",
            )  # fmt: skip
    return table


def _scores(results: "StudyResults") -> Table:
    table = Table("mean score of", "1 to 5", "95 %", "agreement", title="Scores")
    for group, analysis in _groups(results):
        table.add_section()
        table.add_row(f"[bold]{escape(group)}[/bold], {analysis.items:,} tickets", "", "", _alpha(analysis))
        for system, one in analysis.scores.items():
            table.add_row(system, f"{one.value:.2f}", f"{one.low:.2f}–{one.high:.2f}")
    return table


def _groups(results: "StudyResults") -> "list[tuple[str, Analysis]]":
    return [("all", results.overall), *results.categories.items(), *results.languages.items()]


def _alpha(analysis: "Analysis") -> str:
    return "—" if analysis.alpha is None else f"alpha {analysis.alpha:.2f}"

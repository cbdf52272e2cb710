"""`ticketing study`: commands for a blind study, from drawing the tickets to the results."""

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from flows.server import prefect_api
from models.registry.versions import find_row, short_names
from ticketing.cli.common import MAX_BIGINT, console, open_database, output
from ticketing.cli.data import EXIT_SOME_REFUSED
from ticketing.cli.tables import print_table
from ticketing.database import Database
from ticketing.settings import get_settings
from ticketing.study import studies
from ticketing.study.sheets import export_sheet, import_sheet

if TYPE_CHECKING:
    from models.evaluation.study_analysis import Analysis, StudyResults

SHOWN_REFUSALS = 20

app = typer.Typer(help="Blind studies: people score replies without knowing who wrote them.", no_args_is_help=True)

StudyId = Annotated[
    int,
    typer.Argument(
        metavar="STUDY", min=1, max=MAX_BIGINT, help="The id of the study, as 'ticketing study list' shows it."
    ),
]
Rater = Annotated[str, typer.Option(help="The name of the rater. A rater with a database login has the login as name.")]


def _database() -> Database:
    return open_database(get_settings())


@app.command("create")
def create_command(
    size: Annotated[
        int, typer.Option(min=1, help="How many held-out tickets to draw. They are drawn by category and language.")
    ] = 1000,
    candidate: Annotated[
        str | None, typer.Option(help="The version of a generator to compare with the champion.")
    ] = None,
    overlap: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="The share of the tickets that all raters get.")
    ] = 0.2,
    raters: Annotated[
        int, typer.Option(min=1, help="How many raters share the other tickets. More raters can join later.")
    ] = 3,
    seed: Annotated[
        int | None,
        typer.Option(
            min=0, max=2**31, help="The same seed draws the same study. A rater who knows the seed is not blind."
        ),
    ] = None,
    name: Annotated[str | None, typer.Option(help="The name of the study.")] = None,
) -> None:
    """Draws held-out tickets, collects every system's replies to them, and opens the study to raters."""
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
    """Lists the studies and their progress, the newest first."""
    database = _database()
    names = short_names(database)
    rows = [
        (
            str(found.study_id), found.name, found.state, str(found.items), str(found.shared), str(found.joined),
            str(found.ratings),
            *(names.get(found.systems.get(system) or "", "") for system in ("champion", "candidate")),
        )
        for found in studies.studies(database)
    ]  # fmt: skip
    if not rows:
        output.print("There is no study yet.")
        return
    columns = ("study", "name", "state", "tickets", "shared", "raters", "ratings", "champion", "candidate")
    print_table(columns, rows, texts=("name",), whole=("champion", "candidate"))


@app.command("assign")
def assign_command(
    study: StudyId,
    rater: Rater,
    own: Annotated[
        int | None,
        typer.Option(min=0, help="How many of the unshared tickets this rater gets; by default an equal share."),
    ] = None,
) -> None:
    """Assigns tickets to a rater who works in the database. 'export' assigns tickets by itself."""
    count = studies.assign(_database(), study, rater, own)
    output.print(f"{rater} has {count:,} tickets to rate in study {study}", markup=False)


@app.command("export")
def export_command(
    study: StudyId,
    rater: Rater,
    output_: Annotated[Path, typer.Option("--output", help="The CSV file to write; it must not exist yet.")],
) -> None:
    """Writes a rater's tickets and their replies to a CSV file that does not say which system wrote which reply."""
    count = export_sheet(_database(), study, rater, output_)
    output.print(
        f"{count:,} tickets in {output_}. Score each reply from 1 (useless) to 5 (perfect). In the column 'preferred' "
        "write the letter of the best reply, or 'tie'.",
        markup=False,
    )


@app.command("import")
def import_command(
    study: StudyId,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file of 'ticketing study export', filled in.")],
    rater: Rater,
) -> None:
    """Imports a rater's file. A second import changes nothing. Exit code 3: some rows were refused."""
    done = import_sheet(_database(), study, rater, file)
    output.print(done.sentence(), markup=False)
    for refused in done.refused[:SHOWN_REFUSALS]:
        console.print(f"line {refused.line_number}: {refused.reason}", markup=False)
    if len(done.refused) > SHOWN_REFUSALS:
        console.print(f"and {len(done.refused) - SHOWN_REFUSALS:,} more rows")
    if done.refused:
        raise typer.Exit(EXIT_SOME_REFUSED)


@app.command("close")
def close_command(study: StudyId) -> None:
    """Closes a study: it accepts no more ratings, and the gate can use the results."""
    studies.close(_database(), study, getpass.getuser())
    output.print(f"study {study} is closed")


@app.command("results")
def results_command(study: StudyId) -> None:
    """Shows preferences, mean scores and the raters' agreement: overall, by category and by language."""
    from models.evaluation.study_analysis import analyse

    database = _database()
    found = studies.find(database, study)
    ratings = studies.ratings(database, study)
    if not ratings:
        output.print(f"Study {study} has no rating yet.")
        return
    results = analyse(ratings)
    overall = results.overall
    output.print(
        f"study {study} ({found.state}): {overall.ratings:,} ratings by {overall.raters} raters, {overall.items:,} of "
        f"{found.items:,} tickets rated; agreement {_alpha(overall)}",
        markup=False,
    )
    output.print(_preferences(results))
    output.print(_scores(results))


def _preferences(results: "StudyResults") -> Table:
    # The name of a group has its own line, so that the table fits into 80 columns and no name is cut.
    table = Table(
        "preferred",
        "better",
        "tie",
        "worse",
        "win rate",
        "95 %",
        title="Each ticket counts once; a tie counts as half a win",
    )
    for group, analysis in _groups(results):
        table.add_section()
        table.add_row(f"[bold]{escape(group)}[/bold], {analysis.items:,} tickets")
        for preference in analysis.preferences:
            table.add_row(
                f"{preference.system} over {preference.against}", f"{preference.wins:.0%}", f"{preference.ties:.0%}",
                f"{preference.losses:.0%}",
                f"{preference.win_rate.value:.3f}",
                f"{preference.win_rate.low:.3f}–{preference.win_rate.high:.3f}",
            )  # fmt: skip
    return table


def _scores(results: "StudyResults") -> Table:
    table = Table("system", "mean (1 to 5)", "95 %", "agreement", title="Mean scores")
    for group, analysis in _groups(results):
        table.add_section()
        table.add_row(f"[bold]{escape(group)}[/bold], {analysis.items:,} tickets", "", "", _alpha(analysis))
        for system, score in analysis.scores.items():
            table.add_row(system, f"{score.value:.2f}", f"{score.low:.2f}–{score.high:.2f}")
    return table


def _groups(results: "StudyResults") -> "list[tuple[str, Analysis]]":
    return [("all", results.overall), *results.categories.items(), *results.languages.items()]


def _alpha(analysis: "Analysis") -> str:
    return "—" if analysis.alpha is None else f"alpha {analysis.alpha:.2f}"

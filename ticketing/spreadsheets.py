"""Detects the delimiter of CSV files, and escapes cells that a spreadsheet would run as a formula.

Callers pass every cell that holds the text of a ticket, a reply or a name through `safe_cell`.
"""

import csv

DELIMITERS = (",", ";", "\t")

# The signs that begin a formula in some spreadsheet program (OWASP, CSV injection). The full-width signs begin a
# formula in East Asian versions.
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def delimiter_of(header: str) -> str:
    """The delimiter of a CSV file: the candidate that splits the header line into the most columns.

    Raises:
        csv.Error: the line is not valid CSV.
    """
    return max(DELIMITERS, key=lambda delimiter: len(next(csv.reader([header], delimiter=delimiter), ())))


def safe_cell(text: str) -> str:
    """The text, with an apostrophe before it if a spreadsheet could run it as a formula.

    `plain_cell` removes the apostrophe.
    """
    return f"'{text}" if text.startswith((*FORMULA_SIGNS, "'")) else text


def plain_cell(cell: str) -> str:
    """The text from which `safe_cell` made this cell."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith((*FORMULA_SIGNS, "'")) else cell

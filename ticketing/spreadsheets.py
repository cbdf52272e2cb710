"""Delimiters of CSV files, and the escaping of cells that a spreadsheet would run as a formula.

It reads and writes no file. Callers pass every cell with the text of a ticket, a reply or a name through `safe_cell`.
"""

import csv

DELIMITERS = (",", ";", "\t")

# The signs that begin a formula in any spreadsheet; full-width ones do in East Asian versions (OWASP, CSV injection).
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def delimiter_of(header: str) -> str:
    """The delimiter of a file: the candidate that splits its first line into the most columns.

    Raises:
        csv.Error: the line is not valid CSV.
    """
    return max(DELIMITERS, key=lambda mark: len(next(csv.reader([header], delimiter=mark), ())))


def safe_cell(text: str) -> str:
    """The text, with an apostrophe before it if a spreadsheet could run it as a formula; `plain_cell` removes that."""
    return f"'{text}" if text.startswith((*FORMULA_SIGNS, "'")) else text


def plain_cell(cell: str) -> str:
    """The text that `safe_cell` made this cell from."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith((*FORMULA_SIGNS, "'")) else cell

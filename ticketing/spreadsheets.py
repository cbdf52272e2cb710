"""What is special about CSV files of spreadsheets: their delimiters differ, and they run cells as formulas.

No cell with the text of a ticket, a reply or a name may begin like a formula.
"""

import csv

DELIMITERS = (",", ";", "\t")

# What begins a formula in one spreadsheet or another; full-width signs count in East Asian ones (OWASP, CSV injection).
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def delimiter_of(header: str) -> str:
    """The delimiter of a file, from its first line: the one that makes the most columns.

    Raises:
        csv.Error: the line is no CSV.
    """
    return max(DELIMITERS, key=lambda mark: len(next(csv.reader([header], delimiter=mark), ())))


def safe_cell(text: str) -> str:
    """The text with an apostrophe before it if a spreadsheet could take it for a formula; `plain_cell` undoes it."""
    return f"'{text}" if text.startswith((*FORMULA_SIGNS, "'")) else text


def plain_cell(cell: str) -> str:
    """The text of a cell that `safe_cell` made."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith((*FORMULA_SIGNS, "'")) else cell

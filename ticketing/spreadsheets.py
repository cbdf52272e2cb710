"""Spreadsheets run cells as formulas, so no cell that tickets, replies or names are in may begin like one."""

# What begins a formula in one spreadsheet or another; full-width signs count in East Asian ones (OWASP, CSV injection).
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def safe_cell(text: str) -> str:
    """The text with an apostrophe before it if a spreadsheet could take it for a formula; `plain_cell` undoes it."""
    return f"'{text}" if text.startswith((*FORMULA_SIGNS, "'")) else text


def plain_cell(cell: str) -> str:
    """The text of a cell that `safe_cell` made."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith((*FORMULA_SIGNS, "'")) else cell

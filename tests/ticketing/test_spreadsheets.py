from hypothesis import given
from hypothesis import strategies as st

from ticketing.spreadsheets import FORMULA_SIGNS, plain_cell, safe_cell

SIGNS = st.sampled_from([*FORMULA_SIGNS, "'"])


@given(
    st.text(max_size=60)
    | st.builds("{}{}{}".format, st.sampled_from(["", "a", " "]) | SIGNS, SIGNS, st.text(max_size=60))
)
def test_safe_cell_is_never_a_formula_and_plain_cell_restores_the_text(text):
    cell = safe_cell(text)
    assert not cell.startswith(FORMULA_SIGNS)
    assert plain_cell(cell) == text

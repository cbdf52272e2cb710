def test_begin_gives_one_transaction_with_dict_rows(database):
    with database.begin() as conn:
        row = conn.execute("SELECT current_user AS role, 1 AS one").fetchone()
    assert row == {"role": "ticketing_pipeline", "one": 1}

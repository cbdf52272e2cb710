-- Clearer descriptions; no object changes.
COMMENT ON TABLE ticketing.extract_range IS
    'one row per range of the source that a run is reading: after (after_updated_at, after_ticket_id), up to and '
    'including (upto_updated_at, upto_ticket_id); the row is deleted when the tickets of the range are written';
COMMENT ON TABLE ticketing.extract_cursor IS
    'the position in ticketing.source_ticket up to which ranges have been claimed, per cursor';
COMMENT ON FUNCTION ticketing.hash_part(text) IS
    'encodes one part as ticketing.tickets.content_hash in Python does: its length, a byte that tells NULL from empty, '
    'its bytes; prepare compares the SHA-256 of the concatenated parts to find changed tickets';
COMMENT ON COLUMN ticketing.clean_ticket.unfit IS
    'why the ticket is excluded from training and drafting; NULL if it is not';

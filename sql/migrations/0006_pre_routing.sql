-- What the classifier said of a ticket beside its first choice, and what a verdict rests on.
ALTER TABLE ticketing.routing
    ADD COLUMN second_category text,
    ADD COLUMN second_confidence double precision CHECK (second_confidence BETWEEN 0 AND 1),
    ADD COLUMN in_scope double precision CHECK (in_scope BETWEEN 0 AND 1);
COMMENT ON COLUMN ticketing.routing.second_category IS 'what it would be if it were not the first; null: there is no other';
COMMENT ON COLUMN ticketing.routing.in_scope IS
    'share of validation tickets that are as unlike the training tickets as this one: small means out of scope';

ALTER TABLE ticketing.verdict
    ADD COLUMN snapshot_id text REFERENCES ticketing.snapshot,
    ADD COLUMN code_version text,
    ADD COLUMN signatures jsonb NOT NULL DEFAULT '{}';
COMMENT ON COLUMN ticketing.verdict.signatures IS 'how each number was computed: tokenizer, references, version, seed';

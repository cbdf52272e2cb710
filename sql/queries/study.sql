-- Blind studies. The SQL functions keep the systems hidden from raters.

-- name: insert_study$
-- Creates a study that is in preparation.
INSERT INTO ticketing.study (name, snapshot_id, seed, overlap, raters, asked, created_by)
VALUES (:name, :snapshot_id, :seed, :overlap, :raters, :asked, :created_by)
ON CONFLICT (name) DO NOTHING
RETURNING study_id;

-- name: insert_study_systems!
-- Adds the systems whose replies are compared.
INSERT INTO ticketing.study_system (study_id, system, version)
SELECT :study_id, g.system, g.version FROM unnest(:systems::text[], :versions::text[]) AS g (system, version);

-- name: begin_study_writing#
-- Waits for sessions that are forgetting a ticket, so that the study does not store this ticket again.
LOCK TABLE ticketing.clean_ticket IN ROW EXCLUSIVE MODE;

-- name: insert_study_items!
-- Adds the items in the given order, without forgotten tickets.
INSERT INTO ticketing.study_item (study_id, ticket_id, category, language, ticket, shared)
SELECT :study_id, g.ticket_id, g.category, g.language, g.ticket, g.shared
FROM unnest(:ticket_ids::text[], :categories::text[], :languages::text[], :tickets::text[], :shared::boolean[])
    WITH ORDINALITY AS g (ticket_id, category, language, ticket, shared, place)
WHERE NOT EXISTS (SELECT FROM ticketing.forgotten_ticket f WHERE f.ticket_id = g.ticket_id)
ORDER BY g.place;

-- name: insert_study_replies!
-- Adds one system's replies. Existing replies stay. A reply whose source tickets are all forgotten is left out.
INSERT INTO ticketing.study_reply (item_id, system, body, told_in)
SELECT i.item_id, :system, g.body, left_of.told_in
FROM unnest(:ticket_ids::text[], :bodies::text[], :told_in::text[]) AS g (ticket_id, body, told_in)
JOIN ticketing.study_item i ON i.study_id = :study_id AND i.ticket_id = g.ticket_id
CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(t.ticket_id ORDER BY t.ticket_id), '{}') AS told_in
    FROM jsonb_array_elements_text(g.told_in::jsonb) AS t (ticket_id)
    WHERE NOT EXISTS (SELECT FROM ticketing.forgotten_ticket f WHERE f.ticket_id = t.ticket_id)
) left_of
WHERE g.told_in = '[]' OR left_of.told_in <> '{}'
ON CONFLICT DO NOTHING;

-- name: open_study$
-- Opens a study. Returns the number of items that were left out because a system has no reply.
SELECT ticketing.study_open_v1(:study_id);

-- name: assign_study$
-- Assigns items to a rater. Returns the number of items that the rater has.
SELECT ticketing.study_assign_v1(:study_id, :rater, :own);

-- name: next_study_item^
-- Returns the actor's next item.
SELECT item_id, place, rated, items, ticket, replies FROM ticketing.study_next_v1(:study_id);

-- name: rate_study_item$
-- Stores a rating. Returns whether the rating is new.
SELECT ticketing.study_rate_v1(:study_id, :item_id, :scores, :preferred, :comment);

-- name: close_study!
-- Closes a study for good.
SELECT ticketing.study_close_v1(:study_id);

-- name: studies
-- Returns one study (null: all studies), newest first.
SELECT s.study_id, s.name, s.state, s.snapshot_id, s.seed, s.asked, s.overlap, s.raters, s.created_by, s.created_at,
       (SELECT jsonb_object_agg(y.system, y.version) FROM ticketing.study_system y WHERE y.study_id = s.study_id)
           AS systems,
       (SELECT count(*) FROM ticketing.study_item i WHERE i.study_id = s.study_id) AS items,
       (SELECT count(*) FROM ticketing.study_item i WHERE i.study_id = s.study_id AND i.shared) AS shared,
       (SELECT count(DISTINCT a.rater) FROM ticketing.study_assignment a JOIN ticketing.study_item i USING (item_id)
        WHERE i.study_id = s.study_id) AS joined,
       (SELECT count(DISTINCT (r.item_id, r.rater)) FROM ticketing.study_rating r
        JOIN ticketing.study_item i USING (item_id) WHERE i.study_id = s.study_id) AS ratings
FROM ticketing.study s
WHERE :study_id::bigint IS NULL OR s.study_id = :study_id
ORDER BY s.study_id DESC;

-- name: study_tickets
-- Returns the tickets of a study's items.
SELECT ticket_id, language FROM ticketing.study_item WHERE study_id = :study_id ORDER BY item_id;

-- name: study_sheet
-- Returns a rater's items in the rater's order. The replies have labels and never the names of their systems.
SELECT a.item_id, i.ticket,
       ARRAY(SELECT r.body FROM unnest(a.systems) WITH ORDINALITY AS s (system, n)
             JOIN ticketing.study_reply r ON r.item_id = a.item_id AND r.system = s.system ORDER BY s.n) AS replies
FROM ticketing.study_assignment a JOIN ticketing.study_item i USING (item_id)
WHERE i.study_id = :study_id AND a.rater = :rater
ORDER BY a.place;

-- name: study_ratings
-- Returns each rater's latest rating of each item, by system.
SELECT DISTINCT ON (r.item_id, r.rater) r.item_id, i.category, i.language, r.rater,
       a.systems[ascii(r.preferred) - 64] AS preferred,
       (SELECT jsonb_object_agg(a.systems[ascii(given.key) - 64], given.value) FROM jsonb_each(r.scores) AS given) AS scores
FROM ticketing.study_rating r
JOIN ticketing.study_item i USING (item_id)
JOIN ticketing.study_assignment a USING (item_id, rater)
WHERE i.study_id = :study_id
ORDER BY r.item_id, r.rater, r.rating_id DESC;

-- name: newest_study_of^
-- Returns the newest closed study with ratings in which a version took part, the version's system in the study, and
-- whether the study's champion is the present champion.
SELECT s.study_id, y.system,
       EXISTS (SELECT FROM ticketing.study_system c JOIN ticketing.model m USING (version)
               WHERE c.study_id = s.study_id AND c.system = 'champion' AND m.state = 'champion') AS same_champion
FROM ticketing.study s JOIN ticketing.study_system y USING (study_id)
WHERE s.state = 'closed' AND y.version = :version
  AND EXISTS (SELECT FROM ticketing.study_rating r JOIN ticketing.study_item i USING (item_id)
              WHERE i.study_id = s.study_id)
ORDER BY s.closed_at DESC, s.study_id DESC, y.system
LIMIT 1;

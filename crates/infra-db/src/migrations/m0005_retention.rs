//! Schema 5: how much room each topic takes, and from when on it is kept.
//!
//! Owns its SQL, which never changes again. What was stored before is measured at once: some
//! seconds for a million events.

pub(super) const SQL: &str = "
-- About how much the topic's events take, with the index: see writer::retention.
ALTER TABLE topic_totals ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;

-- What was written before is not kept, in milliseconds; and the ceiling for which that is so.
ALTER TABLE topic_totals ADD COLUMN horizon INTEGER NOT NULL DEFAULT 0;
ALTER TABLE topic_totals ADD COLUMN horizon_ceiling INTEGER NOT NULL DEFAULT 0;

UPDATE topic_totals SET bytes = (
    SELECT COALESCE(SUM(
        512 + octet_length(e.tags) + octet_length(e.content) * (1 + (e.kind IN (1, 9)))), 0)
    FROM topic_events t CROSS JOIN events e ON e.id = t.id
    WHERE t.topic = topic_totals.topic);
";

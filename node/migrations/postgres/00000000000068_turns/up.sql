-- In which turn something came or left. Both are counted together, and by no clock: what left after something came may have
-- contained it.
ALTER TABLE holding ADD COLUMN turn bigint NOT NULL DEFAULT 0;
ALTER TABLE disclosure ADD COLUMN turn bigint NOT NULL DEFAULT 0;
-- In which turn the first of it had come.
ALTER TABLE recall_taken ADD COLUMN held_turn bigint;
-- Of what there is only the clock tells. What left at the instant at which something came, left after it.
UPDATE holding SET turn = counted.turn FROM (
    SELECT message, came, row_number() OVER (ORDER BY at, came DESC, message) AS turn FROM (
        SELECT message, at, 1 AS came FROM holding UNION ALL SELECT message, at, 0 AS came FROM disclosure
    ) AS each_one
) AS counted WHERE counted.came = 1 AND counted.message = holding.message;
UPDATE disclosure SET turn = counted.turn FROM (
    SELECT message, came, row_number() OVER (ORDER BY at, came DESC, message) AS turn FROM (
        SELECT message, at, 1 AS came FROM holding UNION ALL SELECT message, at, 0 AS came FROM disclosure
    ) AS each_one
) AS counted WHERE counted.came = 0 AND counted.message = disclosure.message;
UPDATE recall_taken SET held_turn = (
    SELECT coalesce(max(disclosure.turn), 0) FROM disclosure WHERE disclosure.at < recall_taken.held_since
) WHERE held_since IS NOT NULL;
CREATE INDEX holding_turn ON holding (turn);
CREATE INDEX disclosure_turn ON disclosure (turn);

-- A renewal ends the yes before it; those that were renewed until now had left it open.
UPDATE open_grant SET state = 'closed', closed_at = (
    SELECT max(newer.opened_at) FROM open_grant AS newer WHERE newer.record = open_grant.record
)
WHERE state = 'open' AND EXISTS (
    SELECT 1 FROM open_grant AS newer WHERE newer.record = open_grant.record AND newer.seq > open_grant.seq
);

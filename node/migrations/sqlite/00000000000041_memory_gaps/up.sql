-- Which links showed that this node was put back to a copy, or that it was restored itself (under its own name), and when that
-- was found: of what left before that moment the log of disclosures may not tell. What was taken back between `since` and then is
-- told to the peer once more.
CREATE TABLE memory_gap (
    peer text PRIMARY KEY NOT NULL,
    found_at integer NOT NULL,
    since integer,
    followed_at integer
) STRICT;

DROP TABLE modi_seen;
DROP TABLE chain_used;
DROP TABLE peer;
DROP TABLE trust_anchor;

-- What one node remembers about itself, by key.
CREATE TABLE node_setting (
    key        text        NOT NULL PRIMARY KEY,
    value      text        NOT NULL,
    updated_at timestamptz NOT NULL
);

-- At the authority: the entity configurations of members that cannot be called, as they deposited them.
CREATE TABLE deposit (
    slug text PRIMARY KEY NOT NULL,
    jws text NOT NULL,
    issued_at integer NOT NULL
) STRICT;

-- That an account was linked to a provider once, whatever became of the link: what was undone is not made again by itself.
CREATE TABLE staff_linked_once (
    staff text NOT NULL REFERENCES staff (id),
    issuer text NOT NULL,
    PRIMARY KEY (staff, issuer)
) STRICT;
INSERT INTO staff_linked_once (staff, issuer) SELECT DISTINCT staff, issuer FROM staff_identity;

-- What was laid onto a card from a file that the person brought: of which kind, whose, and how she said yes, sealed.
CREATE TABLE card_import (
    id text PRIMARY KEY NOT NULL,
    person text NOT NULL,
    subject text NOT NULL,
    kind text NOT NULL,
    sections text NOT NULL,
    digest text NOT NULL,
    sealed blob NOT NULL,
    imported_at integer NOT NULL,
    imported_by text
) STRICT;
CREATE INDEX card_import_person ON card_import (person, imported_at);
CREATE INDEX card_import_subject ON card_import (subject);

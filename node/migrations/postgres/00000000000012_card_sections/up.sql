-- A section of a card: `revision` grows with each change of it or of its draft, `version` is the card's in which its
-- content last changed. A draft, sealed, belongs to whoever holds it.
CREATE TABLE card_section (
    id uuid PRIMARY KEY NOT NULL,
    person uuid NOT NULL,
    section text NOT NULL,
    revision integer NOT NULL,
    version integer NOT NULL,
    changed_at timestamptz NOT NULL,
    held_by uuid,
    drafted_at timestamptz,
    sealed bytea,
    UNIQUE (person, section)
);

-- That somebody confirmed what sections of a version say: nothing changed, so there is no new version.
CREATE TABLE card_confirmation (
    id uuid PRIMARY KEY NOT NULL,
    person uuid NOT NULL,
    version integer NOT NULL,
    sections text NOT NULL,
    said_by text NOT NULL,
    means text NOT NULL,
    confirmed_by uuid,
    confirmed_at timestamptz NOT NULL
);
CREATE INDEX card_confirmation_person ON card_confirmation (person, confirmed_at);

-- A blind token of what a preview of her card shows together: province, occupations, languages.
CREATE TABLE card_combination (
    person uuid PRIMARY KEY NOT NULL,
    token integer NOT NULL
);
CREATE INDEX card_combination_token ON card_combination (token);

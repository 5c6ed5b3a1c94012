-- Since when somebody has been told that what is meant for a partner does not arrive: told once, however long it lasts.
ALTER TABLE link_out ADD COLUMN told_at timestamptz;

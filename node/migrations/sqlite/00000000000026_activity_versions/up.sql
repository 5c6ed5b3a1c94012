-- On which version an edit of an activity builds: two officers who edit at once do not undo each other's words.
ALTER TABLE activity ADD COLUMN version integer NOT NULL DEFAULT 1;

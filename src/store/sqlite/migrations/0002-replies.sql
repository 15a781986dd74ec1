-- Replies that models gave live, by a key made of what was asked, where, by which trial and the how-manieth time. Rows
-- are only added: of several under one key the newest is served. "record" is JSON text; "codec" as in "bodies".
CREATE TABLE replies (
  seq INTEGER PRIMARY KEY,
  key TEXT NOT NULL,
  codec INTEGER NOT NULL,
  record BLOB NOT NULL
) STRICT;
CREATE INDEX replies_key ON replies (key, seq);

-- Scores that were given once, by a key made of what was asked and of what: a judge's answer costs money, and a check's may
-- cost seconds. Rows are only added. "record" is JSON text; "codec" as in "bodies".
CREATE TABLE scores (
  key TEXT PRIMARY KEY,
  codec INTEGER NOT NULL,
  record BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- What arrives in a hurry is packed later, together with its words: until then "content" is its record, as JSON text that
-- refers to no body, and "records" has no row of it.
ALTER TABLE unindexed ADD COLUMN content TEXT;

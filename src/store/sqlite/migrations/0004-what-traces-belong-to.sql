-- What a trace belongs to can be asked for; its packed record stands in a table of its own, so that a question about traces
-- reads no page of it; and what it needs of "bodies" is known, so that it can be removed with all that nothing else needs.

-- Text that many records or bodies of one format share: the compressor is shown it before each of them. Never changed, and
-- compressed itself ("codec" as in "bodies").
CREATE TABLE dictionaries (
  seq INTEGER PRIMARY KEY,
  family TEXT NOT NULL,
  codec INTEGER NOT NULL,
  content BLOB NOT NULL
) STRICT;
CREATE INDEX dictionaries_family ON dictionaries (family, seq);

-- "codec": 0 plain, 1 raw deflate, 2 zstd; with a "dictionary" where one was shown.
CREATE TABLE records (
  trace INTEGER PRIMARY KEY REFERENCES traces (seq),
  codec INTEGER NOT NULL,
  dictionary INTEGER REFERENCES dictionaries (seq),
  content BLOB NOT NULL
) STRICT;
INSERT INTO records (trace, codec, content) SELECT seq, codec, record FROM traces;
ALTER TABLE traces DROP COLUMN codec;
ALTER TABLE traces DROP COLUMN record;
ALTER TABLE bodies ADD COLUMN dictionary INTEGER REFERENCES dictionaries (seq);

-- "record_facts" is a function of src/store/sqlite/record-facts.ts: what the columns below are of a record.
CREATE TABLE climbing (trace INTEGER PRIMARY KEY, facts TEXT NOT NULL) STRICT;
INSERT INTO climbing SELECT trace, record_facts(codec, content) FROM records;

ALTER TABLE traces ADD COLUMN session TEXT;
ALTER TABLE traces ADD COLUMN user TEXT;
ALTER TABLE traces ADD COLUMN prompt TEXT;
ALTER TABLE traces ADD COLUMN code TEXT;
-- The most of any span of it: whoever looks for a longer one need not look at its spans.
ALTER TABLE traces ADD COLUMN most_duration REAL;
ALTER TABLE traces ADD COLUMN most_tokens REAL;
ALTER TABLE traces ADD COLUMN most_cost REAL;
UPDATE traces SET (most_duration, most_tokens, most_cost) =
  (SELECT max(s.duration), max(s.tokens), max(s.cost) FROM spans s WHERE s.trace = traces.seq);
UPDATE traces SET
  session = f.facts ->> '$.summary.session',
  user = f.facts ->> '$.summary.user',
  prompt = f.facts ->> '$.summary.prompt',
  code = f.facts ->> '$.summary.code',
  summary = json_patch(traces.summary, f.facts -> '$.summary')
FROM climbing f WHERE f.trace = traces.seq;
CREATE INDEX traces_session ON traces (session, age) WHERE session IS NOT NULL;
CREATE INDEX traces_user ON traces (user, age) WHERE user IS NOT NULL;

ALTER TABLE spans ADD COLUMN unpriced INTEGER;
ALTER TABLE spans ADD COLUMN trace_session TEXT;
ALTER TABLE spans ADD COLUMN trace_user TEXT;
ALTER TABLE spans ADD COLUMN trace_prompt TEXT;
UPDATE spans SET unpriced = 1 FROM (
  SELECT f.trace, p.value AS position FROM climbing f, json_each(f.facts, '$.unpriced') p
) p WHERE p.trace = spans.trace AND p.position = spans.position;
UPDATE spans SET trace_session = t.session, trace_user = t.user, trace_prompt = t.prompt
FROM traces t
WHERE t.seq = spans.trace AND (t.session IS NOT NULL OR t.user IS NOT NULL OR t.prompt IS NOT NULL);
-- Few spans fail, and they are what people look for.
CREATE INDEX spans_error ON spans (trace) WHERE status = 'error' OR failed = 1;

CREATE TABLE body_uses (
  body INTEGER NOT NULL REFERENCES bodies (seq),
  trace INTEGER NOT NULL REFERENCES traces (seq),
  PRIMARY KEY (trace, body)
) STRICT, WITHOUT ROWID;
INSERT INTO body_uses (body, trace)
SELECT DISTINCT b.value, f.trace FROM climbing f, json_each(f.facts, '$.bodies') b;
CREATE INDEX body_uses_body ON body_uses (body);
DROP TABLE climbing;

-- Traces whose words are not in "trace_text" yet: written in one transaction with the trace, removed with the words.
CREATE TABLE unindexed (trace INTEGER PRIMARY KEY REFERENCES traces (seq)) STRICT;

-- What is removed of a trace is found by it.
CREATE INDEX trace_tags_trace ON trace_tags (trace);
CREATE INDEX trace_scores_trace ON trace_scores (trace);

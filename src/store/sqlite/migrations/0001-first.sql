-- The whole text of a table or index is a promise: a released migration is never edited, only followed by another.
-- "EVK1": what tells an evalkit store from any other SQLite file.
PRAGMA application_id = 1163283249;

-- One immutable row per trace. "age" is minus its start in ms since 1970 (unknown: the largest number there is), so
-- that "newest first, then by id" is one ascending index. "record" holds the whole trace, with references into
-- "bodies" (src/store/sqlite/record.ts); it stands last, so that a listing never reads its pages.
CREATE TABLE traces (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  age REAL NOT NULL,
  name TEXT NOT NULL,
  format TEXT NOT NULL,
  task TEXT,
  trial INTEGER,
  status TEXT NOT NULL,
  ended TEXT,
  started REAL,
  duration REAL,
  tokens REAL,
  cost REAL,
  spans INTEGER NOT NULL,
  calls INTEGER NOT NULL,
  errors INTEGER NOT NULL,
  summary TEXT NOT NULL,
  codec INTEGER NOT NULL,
  record BLOB NOT NULL
) STRICT;
CREATE INDEX traces_newest ON traces (age, id);
CREATE INDEX traces_task ON traces (task) WHERE task IS NOT NULL;
CREATE INDEX traces_status ON traces (status, age);
CREATE INDEX traces_duration ON traces (duration) WHERE duration IS NOT NULL;

-- One immutable row per span: everything that is filtered, counted or averaged, nothing that has to be opened. The
-- attributes of its trace are copied onto it, so that a question about spans is a scan of this table alone.
CREATE TABLE spans (
  trace INTEGER NOT NULL REFERENCES traces (seq),
  position INTEGER NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  status TEXT NOT NULL,
  started REAL,
  duration REAL,
  tool TEXT,
  failed INTEGER,
  model TEXT,
  tokens REAL,
  cost REAL,
  trace_name TEXT NOT NULL,
  trace_format TEXT NOT NULL,
  trace_task TEXT,
  trace_status TEXT NOT NULL,
  trace_started REAL,
  PRIMARY KEY (trace, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX spans_tool ON spans (tool, trace) WHERE tool IS NOT NULL;
CREATE INDEX spans_model ON spans (model, trace) WHERE model IS NOT NULL;

CREATE TABLE trace_tags (
  tag TEXT NOT NULL,
  trace INTEGER NOT NULL REFERENCES traces (seq),
  PRIMARY KEY (tag, trace)
) STRICT, WITHOUT ROWID;

CREATE TABLE trace_scores (
  name TEXT NOT NULL,
  trace INTEGER NOT NULL REFERENCES traces (seq),
  position INTEGER NOT NULL,
  value REAL,
  passed INTEGER,
  PRIMARY KEY (name, trace, position)
) STRICT, WITHOUT ROWID;

-- Messages, system prompts, tool schemas, long results: JSON text, each distinct one once in the whole store. "hash"
-- is the first 16 bytes of its SHA-256; "codec" says how "content" is kept: 0 plain, 1 raw deflate, 2 zstd.
CREATE TABLE bodies (
  seq INTEGER PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE,
  codec INTEGER NOT NULL,
  content BLOB NOT NULL
) STRICT;

-- The words of each trace (src/store/words.ts cuts and folds them; this tokenizer only splits at blanks). Contentless:
-- the words are not kept a second time.
CREATE VIRTUAL TABLE trace_text USING fts5 (words, content = '', contentless_delete = 1, tokenize = 'ascii');

CREATE TABLE runs (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  age REAL NOT NULL,
  status TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT;
CREATE INDEX runs_name ON runs (name, age);

CREATE TABLE trials (
  seq INTEGER PRIMARY KEY,
  run INTEGER NOT NULL REFERENCES runs (seq),
  case_id TEXT NOT NULL,
  trial INTEGER NOT NULL,
  body TEXT NOT NULL,
  UNIQUE (run, case_id, trial)
) STRICT;

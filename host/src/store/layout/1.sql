CREATE TABLE layout (
  version {integer} NOT NULL PRIMARY KEY
) {strict};

-- `run` is the summary as JSON and `seal` its digest; the other columns are for searching.
CREATE TABLE runs (
  position {position},
  id {digits} NOT NULL UNIQUE,
  key {digits} NOT NULL,
  project TEXT NOT NULL,
  target TEXT,
  state TEXT NOT NULL,
  run TEXT NOT NULL,
  seal {digits} NOT NULL
) {strict};

-- Of one key one run goes on.
CREATE UNIQUE INDEX open_runs ON runs (key) WHERE state = 'open';

CREATE TABLE journal (
  run {digits} NOT NULL REFERENCES runs (id),
  number {integer} NOT NULL,
  sitting {integer} NOT NULL,
  time TEXT NOT NULL,
  record TEXT NOT NULL,
  seal {digits} NOT NULL,
  PRIMARY KEY (run, number)
) {strict};

-- `digest` and `bytes` are those of the content before it was compressed.
CREATE TABLE documents (
  digest {digits} NOT NULL PRIMARY KEY,
  bytes {integer} NOT NULL,
  content {bytes} NOT NULL
) {strict};

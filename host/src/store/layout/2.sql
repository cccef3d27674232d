-- `message` is the message with its state as JSON and `seal` its digest.
CREATE TABLE outbox (
  position {position},
  run {digits} NOT NULL REFERENCES runs (id),
  event TEXT NOT NULL,
  channel TEXT NOT NULL,
  number {integer} NOT NULL,
  message TEXT NOT NULL,
  seal {digits} NOT NULL,
  UNIQUE (run, event, channel, number)
) {strict};

CREATE TABLE statements (
  position {position},
  run {digits} NOT NULL REFERENCES runs (id),
  digest {digits} NOT NULL,
  time TEXT NOT NULL,
  document {bytes} NOT NULL,
  signature {bytes} NOT NULL,
  UNIQUE (run, digest)
) {strict};

CREATE TABLE leases (
  key TEXT NOT NULL,
  run {digits} NOT NULL REFERENCES runs (id),
  sharing TEXT NOT NULL,
  since TEXT NOT NULL,
  PRIMARY KEY (key, run)
) {strict};

CREATE INDEX leases_of_runs ON leases (run);

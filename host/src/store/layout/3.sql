-- The runs of a target are read newest first.
CREATE INDEX runs_of_targets ON runs (project, target, position);

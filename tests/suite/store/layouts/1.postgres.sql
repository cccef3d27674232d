-- A store of the first layout, as pg_dump dumps it.

CREATE SCHEMA holdpoint;

CREATE TABLE holdpoint.documents (
    digest text NOT NULL COLLATE pg_catalog."C",
    bytes bigint NOT NULL,
    content bytea NOT NULL
);

CREATE TABLE holdpoint.journal (
    run text NOT NULL COLLATE pg_catalog."C",
    number bigint NOT NULL,
    sitting bigint NOT NULL,
    "time" text NOT NULL,
    record text NOT NULL,
    seal text NOT NULL COLLATE pg_catalog."C"
);

CREATE TABLE holdpoint.layout (
    version bigint NOT NULL
);

CREATE TABLE holdpoint.runs (
    "position" bigint NOT NULL,
    id text NOT NULL COLLATE pg_catalog."C",
    key text NOT NULL COLLATE pg_catalog."C",
    project text NOT NULL,
    target text,
    state text NOT NULL,
    run text NOT NULL,
    seal text NOT NULL COLLATE pg_catalog."C"
);

ALTER TABLE holdpoint.runs ALTER COLUMN "position" ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME holdpoint.runs_position_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

INSERT INTO holdpoint.documents VALUES ('a9491f4c1bf7b0cffbadcba2db8f028e4b3f2867cb59e1f3a0bc1968f3c51242', 7, '\x789c2b2e4dca4a4d2e01000be502f1');

INSERT INTO holdpoint.journal VALUES ('9e3779b97f4a7c15f39cc0605cedc835', 1, 0, '2023-11-14T22:13:21Z', '{"record":"began","initiator":"ada","nonce":"00000000000000000000000000000000"}', 'cdc87b63fb30857a625cfd7df3f27f1a64a0859978a77c7e6fddbce4bf33db5a');
INSERT INTO holdpoint.journal VALUES ('9e3779b97f4a7c15f39cc0605cedc835', 2, 0, '2023-11-14T22:13:22Z', '{"record":"superseded","by":"3c6ef372fe94f82be73980c0b9db906a"}', '47c0dd73bbf8e516c5fa36574d1b0bc95d4c8d4725d3ae7ebf32cdb627be26c7');
INSERT INTO holdpoint.journal VALUES ('3c6ef372fe94f82be73980c0b9db906a', 1, 0, '2023-11-14T22:13:22Z', '{"record":"began","initiator":"ada","nonce":"00000000000000000000000000000000"}', 'ca9c9205e28bb158f45219519cf2172d24367a7e6d4c7a29489db41f6d9df2be');
INSERT INTO holdpoint.journal VALUES ('3c6ef372fe94f82be73980c0b9db906a', 2, 1, '2023-11-14T22:13:30Z', '{"record":"cancelled","signal":"SIGTERM"}', 'a776ad216db9f4f7dc40b74e9b7d797c56bfdceeb1c805807206895f16120af6');
INSERT INTO holdpoint.journal VALUES ('3c6ef372fe94f82be73980c0b9db906a', 3, 2, '2023-11-14T22:13:30Z', '{"record":"cancelled","signal":"SIGINT"}', 'b0078bd1ce48f813be50614819764964c041d6e47e019f0730b20ddd830bcd3f');

INSERT INTO holdpoint.layout VALUES (1);

INSERT INTO holdpoint.runs OVERRIDING SYSTEM VALUE VALUES (1, '9e3779b97f4a7c15f39cc0605cedc835', 'd877e0064a39f70b605617ef455e2f212d0060c638e01b25e1f8e471d5ba6fa5', 'payments', 'production', 'superseded', '{"summary":{"id":"9e3779b97f4a7c15f39cc0605cedc835","key":{"project":"payments","target":"production","subject":"sha256:6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b","configuration":"sha256:b7d64a9221007dfd5390f7df6cd5b8f3ea4f82faa1237141e35ebf161f5511a1"},"version":"1.1.0","head":"0000000000000000000000000000000000000001","began":"2023-11-14T22:13:21Z","changed":"2023-11-14T22:13:22Z","sittings":0,"state":"superseded","verdict":null,"overridden":false,"effects":"none"},"entries":2,"holder":null}', 'ff22c5a55ab873182c85389d37aab72a13c0f36eb6dc27a1d09a417f83fa5f9f');
INSERT INTO holdpoint.runs OVERRIDING SYSTEM VALUE VALUES (2, '3c6ef372fe94f82be73980c0b9db906a', 'fc60245e4cb150ad7ef8053ad1cdb67ae1fa00ed356bd4a9323c8589117e94a4', 'payments', 'production', 'open', '{"summary":{"id":"3c6ef372fe94f82be73980c0b9db906a","key":{"project":"payments","target":"production","subject":"sha256:d4735e3a265e16eee03f59718b9b5d03019c07d8b6c51f90da3a666eec13ab35","configuration":"sha256:b7d64a9221007dfd5390f7df6cd5b8f3ea4f82faa1237141e35ebf161f5511a1"},"version":"1.2.0","head":"0000000000000000000000000000000000000002","began":"2023-11-14T22:13:22Z","changed":"2023-11-14T22:13:30Z","sittings":2,"state":"open","verdict":null,"overridden":false,"effects":"none"},"entries":3,"holder":{"host":"runner","process":2,"user":"ada","job":null,"since":"2023-11-14T22:13:25Z"}}', 'e7c7d62a2c222dc7a5abbe6cf256896f4e5dadbdb2e9844d474fe1424ee86ae5');

SELECT pg_catalog.setval('holdpoint.runs_position_seq', 2, true);

ALTER TABLE ONLY holdpoint.documents
    ADD CONSTRAINT documents_pkey PRIMARY KEY (digest);

ALTER TABLE ONLY holdpoint.journal
    ADD CONSTRAINT journal_pkey PRIMARY KEY (run, number);

ALTER TABLE ONLY holdpoint.layout
    ADD CONSTRAINT layout_pkey PRIMARY KEY (version);

ALTER TABLE ONLY holdpoint.runs
    ADD CONSTRAINT runs_id_key UNIQUE (id);

ALTER TABLE ONLY holdpoint.runs
    ADD CONSTRAINT runs_pkey PRIMARY KEY ("position");

CREATE UNIQUE INDEX open_runs ON holdpoint.runs USING btree (key) WHERE (state = 'open'::text);

ALTER TABLE ONLY holdpoint.journal
    ADD CONSTRAINT journal_run_fkey FOREIGN KEY (run) REFERENCES holdpoint.runs(id);


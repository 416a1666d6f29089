/** Migrations that use what is difficult to restore: triggers, generated values, keys in a circle, odd types. */
export const oddMigrations = {
  '1_first': `
    CREATE TYPE colour AS ENUM ('red', 'blue');
    CREATE DOMAIN even AS int CHECK (VALUE % 2 = 0);
    CREATE TABLE odd (
      id bigserial PRIMARY KEY, body text, data bytea, at timestamptz(3), facts jsonb, tags text[], colour colour, n even,
      amount numeric, "a ""quoted"" name" text, twice int GENERATED ALWAYS AS (n * 2) STORED
    );
    CREATE TABLE nothing (id int PRIMARY KEY);
    CREATE TABLE audit (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, note text NOT NULL);
    CREATE TABLE parent (id int PRIMARY KEY, favourite int);
    CREATE TABLE child (id serial PRIMARY KEY, parent int NOT NULL, sibling int REFERENCES child (id));
    ALTER TABLE child ADD CONSTRAINT child_parent_fkey FOREIGN KEY (parent) REFERENCES parent (id) ON DELETE CASCADE;
    ALTER TABLE parent ADD CONSTRAINT parent_favourite_fkey FOREIGN KEY (favourite) REFERENCES child (id) DEFERRABLE INITIALLY DEFERRED;
    CREATE TABLE place (id int PRIMARY KEY, position int UNIQUE DEFERRABLE INITIALLY DEFERRED);
    CREATE UNLOGGED TABLE forgettable (id int);
    CREATE TABLE left_account (balance int); CREATE TABLE right_account (balance int);
    CREATE TABLE filler (id int, body text);
    CREATE SEQUENCE counter INCREMENT 5;
    CREATE SEQUENCE untouched;
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'append-only; really'; END $$;
    CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION refuse();
    CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF NEW.body <> 'after' THEN INSERT INTO audit (note) VALUES ('odd ' || NEW.id); END IF; RETURN NEW; END $$;
    INSERT INTO place VALUES (99, 99);
  `,
  '2_later': `
    -- CREATE INDEX CONCURRENTLY needs a migration without others, so this is not one
    CREATE INDEX odd_body ON odd (body text_pattern_ops) WHERE body IS NOT NULL;
    CREATE TRIGGER note_odd AFTER INSERT ON odd FOR EACH ROW WHEN (NEW.id <= 2) EXECUTE FUNCTION note();
    CREATE TRIGGER never AFTER INSERT ON odd FOR EACH ROW EXECUTE FUNCTION refuse();
    ALTER TABLE odd DISABLE TRIGGER never;
    CREATE VIEW shown AS SELECT body FROM odd; CREATE MATERIALIZED VIEW stored AS SELECT count(*) AS n FROM odd;
    INSERT INTO left_account VALUES (500); INSERT INTO right_account VALUES (500);
  `,
};

/** Values that a format of text could take for something else. */
export const oddRows = `
  INSERT INTO odd (body, data, at, facts, tags, colour, n, amount, "a ""quoted"" name") VALUES
    (E'line\\nbreak\\ttab \\\\. and \\\\N', '\\x00ff0a5c', '2026-11-30T20:00:00.123Z', '{"a":[1,"\\\\n"]}', '{"a,b","\\"",NULL}', 'red', 4, 1e50, 'x'),
    (E'\\\\.', NULL, 'infinity', 'null', '{}', NULL, NULL, 'NaN', ''),
    ('', '', '-infinity', NULL, NULL, 'blue', -2, 0.1, E'\\n'),
    (E'\\n\\\\.\\n', decode(repeat('0a', 100000), 'hex'), NULL, NULL, NULL, NULL, NULL, NULL, 'COPY "shop"."nothing" ("id") FROM stdin;'),
    ('naïve 😀 \u0001', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL), (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
  SELECT nextval('odd_id_seq');
  INSERT INTO parent VALUES (1, NULL), (2, NULL);
  INSERT INTO child (parent, sibling) VALUES (1, 3), (2, 1), (1, 2);
  UPDATE parent SET favourite = 4 - id;
  INSERT INTO place VALUES (1, 1), (2, 2);
  INSERT INTO forgettable VALUES (1);
  SELECT nextval('counter'), nextval('counter');
  REFRESH MATERIALIZED VIEW stored;
`;

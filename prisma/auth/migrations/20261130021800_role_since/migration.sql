-- AlterTable
ALTER TABLE "users" ADD COLUMN     "role_since" TIMESTAMPTZ(3);

-- By hand: roles that were given before are in the audit log.
UPDATE "users" SET "role_since" = "changed"."at"
FROM (
    SELECT "subject", max("at") AS "at" FROM "audit_log" WHERE "event" = 'account.role-changed' GROUP BY "subject"
) AS "changed"
WHERE "users"."id"::text = "changed"."subject";

-- By hand: whoever gives a role, an operator with SQL included.
CREATE FUNCTION "note_role_since"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW."role_since" := clock_timestamp();
    RETURN NEW;
END
$$;

CREATE TRIGGER "users_role_since" BEFORE UPDATE OF "role" ON "users"
    FOR EACH ROW WHEN (OLD."role" IS DISTINCT FROM NEW."role") EXECUTE FUNCTION "note_role_since"();

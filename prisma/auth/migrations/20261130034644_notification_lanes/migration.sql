-- CreateTable
CREATE TABLE "notification_deliveries" (
    "id" BIGSERIAL NOT NULL,
    "message_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "failures" INTEGER NOT NULL DEFAULT 0,
    "due_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "leased_until" TIMESTAMPTZ(3),
    "failed_at" TIMESTAMPTZ(3),
    "last_error" TEXT,
    "waits_since" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "notification_deliveries_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "notification_deliveries_message_id_idx" ON "notification_deliveries"("message_id");

-- AddForeignKey
ALTER TABLE "notification_deliveries" ADD CONSTRAINT "notification_deliveries_message_id_fkey" FOREIGN KEY ("message_id") REFERENCES "notification_outbox"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- By hand, since schema.prisma has no words for a part of a table: what was given up is not due, and in no lane.
CREATE INDEX "notification_deliveries_lane_idx" ON "notification_deliveries"("user_id", "id") WHERE "failed_at" IS NULL;
CREATE INDEX "notification_deliveries_due_at_idx" ON "notification_deliveries"("due_at", "id") WHERE "failed_at" IS NULL;
CREATE INDEX "notification_deliveries_failed_at_idx" ON "notification_deliveries"("failed_at", "id") WHERE "failed_at" IS NOT NULL;

-- A delivery for each recipient, in the transaction that writes the message; of the version before, too.
CREATE FUNCTION "address_messages"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO notification_deliveries (message_id, user_id)
    SELECT id, user_id
    FROM (SELECT DISTINCT written.id, user_id FROM written, unnest(written.user_ids) AS user_id) AS addressed
    ORDER BY id, user_id;
    RETURN NULL;
END
$$;

CREATE TRIGGER "notification_outbox_address" AFTER INSERT ON "notification_outbox"
    REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION "address_messages"();

-- Messages that wait already, and those that were set aside.
INSERT INTO "notification_deliveries" ("message_id", "user_id", "failed_at", "last_error", "waits_since")
SELECT "id", "user_id", "failed_at", "last_error", "created_at"
FROM (
    SELECT DISTINCT "id", "user_id", "failed_at", "last_error", "created_at"
    FROM "notification_outbox", unnest("user_ids") AS "user_id"
) AS "waiting"
ORDER BY "id", "user_id";

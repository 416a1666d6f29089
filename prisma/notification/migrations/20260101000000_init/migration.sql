-- Names carry no schema: the connection's search_path puts everything into
-- "notification".

CREATE TABLE "notifications" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "sender" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "topic" TEXT NOT NULL,
    "title" TEXT NOT NULL,
    "body" TEXT NOT NULL,
    "link" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "read_at" TIMESTAMPTZ(3),

    CONSTRAINT "notifications_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "notifications_topic_check" CHECK ("topic" IN ('comment', 'reply', 'page', 'security'))
);

CREATE TABLE "broadcasts" (
    "id" UUID NOT NULL,
    "sender" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "title" TEXT NOT NULL,
    "body" TEXT NOT NULL,
    "link" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "broadcasts_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "admin_notification_reads" (
    "broadcast_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "read_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "admin_notification_reads_pkey" PRIMARY KEY ("broadcast_id", "user_id")
);

CREATE TABLE "preferences" (
    "user_id" UUID NOT NULL,
    "muted" TEXT[],

    CONSTRAINT "preferences_pkey" PRIMARY KEY ("user_id"),
    -- Nobody can mute "security", whoever writes the row.
    CONSTRAINT "preferences_muted_check" CHECK ("muted" <@ ARRAY['comment', 'reply', 'page'])
);

CREATE UNIQUE INDEX "notifications_sender_key_user_id_key" ON "notifications"("sender", "key", "user_id");

CREATE INDEX "notifications_user_id_created_at_id_idx" ON "notifications"("user_id", "created_at", "id");

-- What is unread is the small part: counted at every visit, listed, marked.
CREATE INDEX "notifications_unread_idx" ON "notifications"("user_id", "created_at", "id") WHERE "read_at" IS NULL;

-- What the retention deletes, oldest reading first.
CREATE INDEX "notifications_read_idx" ON "notifications"("read_at") WHERE "read_at" IS NOT NULL;

CREATE UNIQUE INDEX "broadcasts_sender_key_key" ON "broadcasts"("sender", "key");

CREATE INDEX "broadcasts_created_at_id_idx" ON "broadcasts"("created_at", "id");

CREATE INDEX "admin_notification_reads_user_id_broadcast_id_idx" ON "admin_notification_reads"("user_id", "broadcast_id");

ALTER TABLE "admin_notification_reads" ADD CONSTRAINT "admin_notification_reads_broadcast_id_fkey"
    FOREIGN KEY ("broadcast_id") REFERENCES "broadcasts"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Tells every listening process, at commit and in the order of commits, what
-- arrived for whom: "<user> <notification>" separated by commas. A payload
-- must stay under 8000 bytes, and one arrival takes 74.
CREATE FUNCTION "announce_arrivals"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify(TG_TABLE_SCHEMA || '.arrivals', string_agg(part.user_id || ' ' || part.id, ',' ORDER BY part.id))
  FROM (
    SELECT arrived.user_id, arrived.id, (row_number() OVER (ORDER BY arrived.id) - 1) / 100 AS number
    FROM arrived
  ) AS part
  GROUP BY part.number
  ORDER BY part.number;
  RETURN NULL;
END
$$;

CREATE TRIGGER "announce_arrivals" AFTER INSERT ON "notifications"
  REFERENCING NEW TABLE AS arrived
  FOR EACH STATEMENT EXECUTE FUNCTION "announce_arrivals"();

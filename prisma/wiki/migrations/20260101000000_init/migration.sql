-- Names carry no schema: the connection's search_path puts everything into
-- "wiki" and finds pg_trgm in "extensions".

CREATE TABLE "pages" (
    "id" UUID NOT NULL,
    "slug" TEXT NOT NULL,
    "title" TEXT NOT NULL,
    "body" TEXT NOT NULL,
    "plain" TEXT NOT NULL,
    "parent_id" UUID,
    "revision" INTEGER NOT NULL DEFAULT 1,
    "author_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deleted_at" TIMESTAMPTZ(3),
    -- The two-argument form is immutable, which a generated column needs.
    "search_vector" tsvector GENERATED ALWAYS AS (
        setweight(to_tsvector('pg_catalog.english', "title"), 'A')
        || setweight(to_tsvector('pg_catalog.english', "plain"), 'B')
    ) STORED,

    CONSTRAINT "pages_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "pages_parent_check" CHECK ("parent_id" <> "id")
);

CREATE TABLE "page_revisions" (
    "page_id" UUID NOT NULL,
    "revision" INTEGER NOT NULL,
    "title" TEXT NOT NULL,
    "body" TEXT NOT NULL,
    "author_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "page_revisions_pkey" PRIMARY KEY ("page_id", "revision")
);

CREATE TABLE "page_links" (
    "page_id" UUID NOT NULL,
    "position" INTEGER NOT NULL,
    "target" TEXT NOT NULL,
    "text" TEXT NOT NULL,

    CONSTRAINT "page_links_pkey" PRIMARY KEY ("page_id", "position")
);

CREATE TABLE "index_entries" (
    "page_id" UUID NOT NULL,
    -- "C": one order wherever the database was made, and prefixes can use the index.
    "term" TEXT COLLATE "C" NOT NULL,
    "kind" TEXT NOT NULL,
    "anchor" TEXT,
    "weight" DOUBLE PRECISION NOT NULL,

    CONSTRAINT "index_entries_pkey" PRIMARY KEY ("page_id", "term", "kind"),
    CONSTRAINT "index_entries_kind_check" CHECK ("kind" IN ('title', 'heading', 'body'))
);

CREATE TABLE "comments" (
    "id" UUID NOT NULL,
    "page_id" UUID NOT NULL,
    "parent_id" UUID,
    "author_id" UUID NOT NULL,
    "body" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "resolved_at" TIMESTAMPTZ(3),
    "deleted_at" TIMESTAMPTZ(3),

    CONSTRAINT "comments_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "page_watchers" (
    "page_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "page_watchers_pkey" PRIMARY KEY ("page_id", "user_id")
);

CREATE TABLE "notification_outbox" (
    "id" UUID NOT NULL,
    "user_ids" UUID[],
    "topic" TEXT NOT NULL,
    "title" TEXT NOT NULL,
    "body" TEXT NOT NULL,
    "link" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "due_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "leased_until" TIMESTAMPTZ(3),
    "failed_at" TIMESTAMPTZ(3),
    "last_error" TEXT,

    CONSTRAINT "notification_outbox_pkey" PRIMARY KEY ("id")
);

CREATE INDEX "pages_parent_id_idx" ON "pages"("parent_id");
CREATE INDEX "pages_updated_at_id_idx" ON "pages"("updated_at" DESC, "id" DESC);
CREATE INDEX "pages_author_id_updated_at_id_idx" ON "pages"("author_id", "updated_at" DESC, "id" DESC);
CREATE INDEX "pages_search_vector_idx" ON "pages" USING GIN ("search_vector");
CREATE INDEX "pages_title_idx" ON "pages" USING GIN ("title" extensions.gin_trgm_ops);

CREATE INDEX "page_links_target_page_id_idx" ON "page_links"("target", "page_id");

CREATE INDEX "index_entries_term_page_id_idx" ON "index_entries"("term", "page_id");

CREATE INDEX "comments_page_id_created_at_id_idx" ON "comments"("page_id", "created_at", "id");
CREATE INDEX "comments_parent_id_idx" ON "comments"("parent_id");

-- By hand, since schema.prisma has no words for a part of a table: a deleted
-- page does not hold its address, and what was refused for good is never due.
CREATE UNIQUE INDEX "pages_slug_key" ON "pages"("slug") WHERE "deleted_at" IS NULL;
CREATE INDEX "pages_bin_idx" ON "pages"("deleted_at" DESC, "id" DESC) WHERE "deleted_at" IS NOT NULL;
CREATE INDEX "notification_outbox_due_at_idx" ON "notification_outbox"("due_at") WHERE "failed_at" IS NULL;

ALTER TABLE "pages" ADD CONSTRAINT "pages_parent_id_fkey"
    FOREIGN KEY ("parent_id") REFERENCES "pages"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "page_revisions" ADD CONSTRAINT "page_revisions_page_id_fkey"
    FOREIGN KEY ("page_id") REFERENCES "pages"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "page_links" ADD CONSTRAINT "page_links_page_id_fkey"
    FOREIGN KEY ("page_id") REFERENCES "pages"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "index_entries" ADD CONSTRAINT "index_entries_page_id_fkey"
    FOREIGN KEY ("page_id") REFERENCES "pages"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "comments" ADD CONSTRAINT "comments_page_id_fkey"
    FOREIGN KEY ("page_id") REFERENCES "pages"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "comments" ADD CONSTRAINT "comments_parent_id_fkey"
    FOREIGN KEY ("parent_id") REFERENCES "comments"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "page_watchers" ADD CONSTRAINT "page_watchers_page_id_fkey"
    FOREIGN KEY ("page_id") REFERENCES "pages"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Wakes the relay when the transaction that wrote the row commits. Channels
-- are one name space for the whole database, hence the service's name in it.
CREATE FUNCTION "announce_outbox"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('wiki_notification_outbox', '');
    RETURN NULL;
END
$$;

CREATE TRIGGER "notification_outbox_announce" AFTER INSERT ON "notification_outbox"
    FOR EACH STATEMENT EXECUTE FUNCTION "announce_outbox"();

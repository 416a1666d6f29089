-- A link is written with `.md` or without: /notes.md leads to a page of that address where there is one.
ALTER TABLE "page_links" ADD COLUMN "markdown" BOOLEAN NOT NULL DEFAULT false;

DROP INDEX "page_links_target_page_id_idx";
CREATE INDEX "page_links_target_markdown_page_id_idx" ON "page_links"("target", "markdown", "page_id");

-- The service reads pages again whose links are not known to be read so.
UPDATE "pages" SET "indexed_revision" = NULL WHERE "indexed_revision" IS NOT NULL;

CREATE TABLE "page_moves" (
    "slug" TEXT NOT NULL,
    "page_id" UUID NOT NULL,

    CONSTRAINT "page_moves_pkey" PRIMARY KEY ("slug")
);

CREATE INDEX "page_moves_page_id_idx" ON "page_moves"("page_id");

ALTER TABLE "page_moves" ADD CONSTRAINT "page_moves_page_id_fkey"
    FOREIGN KEY ("page_id") REFERENCES "pages"("id") ON DELETE CASCADE ON UPDATE CASCADE;

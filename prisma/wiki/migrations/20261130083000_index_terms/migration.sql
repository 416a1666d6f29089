-- How many live pages have a term, so that the index is listed without counting. By hand: "C", as in index_entries.
CREATE TABLE "index_terms" (
    "term" TEXT COLLATE "C" NOT NULL,
    "pages" INTEGER NOT NULL,

    CONSTRAINT "index_terms_pkey" PRIMARY KEY ("term")
);

-- The terms that a page counts for. No foreign key: when a page goes, its terms are still to be counted off.
CREATE TABLE "page_terms" (
    "page_id" UUID NOT NULL,
    "terms" TEXT[],

    CONSTRAINT "page_terms_pkey" PRIMARY KEY ("page_id")
);

-- Counts what has changed about the terms of a page since it was counted last; a page in the recycle bin has none. Terms
-- are taken in one order, so that two transactions do not wait for each other.
CREATE FUNCTION "count_terms"() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    page uuid := coalesce(NEW.id, OLD.id);
    counted text[] := coalesce((SELECT terms FROM page_terms WHERE page_id = page), '{}');
    found text[] := ARRAY(
        SELECT DISTINCT e.term FROM index_entries e JOIN pages p ON p.id = e.page_id
        WHERE e.page_id = page AND p.deleted_at IS NULL ORDER BY e.term
    );
BEGIN
    IF found = counted THEN
        RETURN NULL;
    END IF;
    INSERT INTO index_terms AS known (term, pages)
    SELECT term, sum(change) FROM (
        SELECT unnest(found) AS term, 1 AS change UNION ALL SELECT unnest(counted), -1
    ) AS changed
    GROUP BY term HAVING sum(change) <> 0 ORDER BY term COLLATE "C"
    ON CONFLICT (term) DO UPDATE SET pages = known.pages + excluded.pages;
    DELETE FROM index_terms WHERE term = ANY (counted) AND pages <= 0;
    IF found = '{}' THEN
        DELETE FROM page_terms WHERE page_id = page;
    ELSE
        INSERT INTO page_terms (page_id, terms) VALUES (page, found)
        ON CONFLICT (page_id) DO UPDATE SET terms = excluded.terms;
    END IF;
    RETURN NULL;
END
$$;

-- At the end of a transaction: its page has its terms by then, and counts that many pages share are held for a moment only.
CREATE CONSTRAINT TRIGGER "pages_count_terms"
    AFTER INSERT OR DELETE OR UPDATE OF "revision", "indexed_revision", "deleted_at" ON "pages"
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION "count_terms"();

-- Pages that are there; the trigger keeps others from changing them until this is done.
INSERT INTO "page_terms" ("page_id", "terms")
SELECT e.page_id, array_agg(DISTINCT e.term ORDER BY e.term)
FROM "index_entries" e JOIN "pages" p ON p.id = e.page_id
WHERE p.deleted_at IS NULL GROUP BY e.page_id;
INSERT INTO "index_terms" ("term", "pages")
SELECT term, count(*) FROM "page_terms", unnest("terms") AS term GROUP BY term;

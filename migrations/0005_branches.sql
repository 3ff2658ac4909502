CREATE TABLE "branches" (
	"session_id" text COLLATE "C" NOT NULL,
	"seq" bigint NOT NULL,
	"tenant" text COLLATE "C" NOT NULL,
	"parent_seq" bigint,
	CONSTRAINT "branches_session_id_seq_pk" PRIMARY KEY("session_id","seq")
);
--> statement-breakpoint
CREATE INDEX "branches_by_parent" ON "branches" USING btree ("session_id","parent_seq");--> statement-breakpoint
CREATE INDEX "messages_by_parent" ON "messages" USING btree ("session_id","parent_id");
--> statement-breakpoint
INSERT INTO "branches" ("session_id", "seq", "tenant", "parent_seq")
SELECT m."session_id", m."seq", m."tenant", p."seq"
FROM (
	SELECT m.*, lag(m."id") OVER (PARTITION BY m."session_id" ORDER BY m."seq") AS "before"
	FROM "messages" m JOIN "sessions" s ON s."id" = m."session_id" WHERE s."branched"
) m LEFT JOIN "messages" p ON p."id" = m."parent_id"
WHERE m."parent_id" IS DISTINCT FROM m."before";

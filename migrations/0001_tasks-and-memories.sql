CREATE TABLE "memories" (
	"id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"tenant" text COLLATE "C" NOT NULL,
	"owner" text COLLATE "C" NOT NULL,
	"scope" text NOT NULL,
	"key" text COLLATE "C" NOT NULL,
	"text" text NOT NULL,
	"category" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "tasks" (
	"session_id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"tenant" text COLLATE "C" NOT NULL,
	"items" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE INDEX "memories_by_place" ON "memories" USING btree ("tenant","owner","scope","key","id");--> statement-breakpoint
CREATE INDEX "memories_by_session" ON "memories" USING btree ("key") WHERE scope = 'session';--> statement-breakpoint
CREATE INDEX "memories_by_words" ON "memories" USING gin (to_tsvector('simple', text));
CREATE TABLE "summaries" (
	"session_id" text COLLATE "C" NOT NULL,
	"seq" bigint NOT NULL,
	"tenant" text COLLATE "C" NOT NULL,
	"text" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "summaries_session_id_seq_pk" PRIMARY KEY("session_id","seq")
);

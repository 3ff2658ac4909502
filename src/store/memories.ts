import type { Database } from './database.ts'

export type Memory = {
  id: string
  text: string
  category: string | null
  created_at: string
  updated_at: string
}

/**
 * Whose memories. `session`: of the conversation that the session belongs to. `user`: of the owner,
 * whatever agent they talk to. `agent`: of the owner with the agent that the run is of.
 */
export type MemoryPlace = {
  tenant: string
  owner: string
  scope: 'session' | 'user' | 'agent'
  sessionId: string
  runId: string
}

/** What agents remember, in Postgres. Nobody sees what another tenant or owner has. */
export function createMemories({ database }: { database: Database }) {
  return {
    /** Adds a memory; the same id again adds nothing. False when the place holds `most` already. */
    async add(
      place: MemoryPlace,
      {
        id,
        text,
        category,
        most,
      }: { id: string; text: string; category: string | null; most: number },
    ): Promise<boolean> {
      const rows = await database.query<{ id: string }>(
        `insert into memories (id, tenant, owner, scope, key, text, category)
         select $6::text, $1, $2, $3, place.key, $7::text, $8::text
         from (${keyOf(place)}) place(key)
         where (select count(*) from memories m where ${isIn('m', 'place.key')} and m.id <> $6)
           < $9::int
         on conflict (id) do update set updated_at = memories.updated_at
           where memories.tenant = $1 and memories.owner = $2
         returning id`,
        [...parametersOf(place), id, text, category, most],
      )
      return rows.length > 0
    },

    /** Oldest first. */
    async list(place: MemoryPlace, { category }: { category: string | null }): Promise<Memory[]> {
      return await database.query<Memory>(
        `select ${columns} from memories m where ${isIn('m', `(${keyOf(place)})`)}
         and ($6::text is null or m.category = $6) order by m.id`,
        [...parametersOf(place), category],
      )
    },

    /**
     * Those that hold a word of the query, or one that begins like it, the best first. When none
     * does: those that hold the query as it stands, say in a script that parts no words.
     */
    async search(
      place: MemoryPlace,
      { query, category, limit }: { query: string; category: string | null; limit: number },
    ): Promise<Memory[]> {
      const parameters = [...parametersOf(place), category, query, limit]
      const byWords = await database.query<Memory>(
        `select ${columns} from memories m, (${anyWordOf('$7::text')}) wanted(words)
         where ${isIn('m', `(${keyOf(place)})`)} and ($6::text is null or m.category = $6)
         and to_tsvector('simple', m.text) @@ wanted.words
         order by ts_rank(to_tsvector('simple', m.text), wanted.words) desc, m.id desc
         limit $8::int`,
        parameters,
      )
      if (byWords.length > 0) return byWords
      return await database.query<Memory>(
        `select ${columns} from memories m
         where ${isIn('m', `(${keyOf(place)})`)} and ($6::text is null or m.category = $6)
         and position(lower($7::text) in lower(m.text)) > 0
         order by m.id desc limit $8::int`,
        parameters,
      )
    },

    /** What is null stays as it was. False when there is no such memory here. */
    async update(
      place: MemoryPlace,
      { id, text, category }: { id: string; text: string | null; category: string | null },
    ): Promise<boolean> {
      const rows = await database.query<{ id: string }>(
        `update memories m set text = coalesce($7::text, m.text),
           category = coalesce($8::text, m.category), updated_at = now()
         where ${isIn('m', `(${keyOf(place)})`)} and m.id = $6 returning m.id`,
        [...parametersOf(place), id, text, category],
      )
      return rows.length > 0
    },

    async remove(place: MemoryPlace, id: string): Promise<boolean> {
      const rows = await database.query<{ id: string }>(
        `delete from memories m where ${isIn('m', `(${keyOf(place)})`)} and m.id = $6
         returning m.id`,
        [...parametersOf(place), id],
      )
      return rows.length > 0
    },
  }
}

const columns = 'm.id, m.text, m.category, m.created_at, m.updated_at'

/** $1 to $5 of every statement. */
function parametersOf({ tenant, owner, scope, sessionId, runId }: MemoryPlace): string[] {
  return [tenant, owner, scope, sessionId, runId]
}

/** The key of a place, as a subquery without a row when its session or run is not there. */
function keyOf({ scope }: MemoryPlace): string {
  // Every statement names all five parameters: a statement may not leave one without a type.
  const given = `$4::text is not null and $5::text is not null`
  switch (scope) {
    case 'session':
      return `select coalesce(s.root_id, s.id) from sessions s
        where s.tenant = $1 and s.owner = $2 and s.id = $4 and ${given}`
    case 'user':
      return `select ''::text where ${given}`
    case 'agent':
      return `select r.agent || '/' || r.agent_name from runs r
        where r.tenant = $1 and r.session_id = $4 and r.id = $5 and ${given}`
  }
}

function isIn(memory: string, key: string): string {
  return `${memory}.tenant = $1 and ${memory}.owner = $2 and ${memory}.scope = $3 and ${memory}.key = ${key}`
}

/** A query for any word of a text, the longer also as the beginning of one; null without words. */
function anyWordOf(text: string): string {
  const quoted = `'''' || replace(replace(lexeme, '\\', '\\\\'), '''', '''''') || ''''`
  const ending = `case when length(lexeme) < 3 then '' else ':*' end`
  return `select string_agg(${quoted} || ${ending}, ' | ')::tsquery from unnest(to_tsvector('simple', ${text}))`
}

import type { Database, Statements } from './database.ts'

/** Whose list: the session's own, or with `shared` that of the root session. */
type ListKey = { tenant: string; sessionId: string; shared: boolean }

/** Lists in Postgres: one row of the table for each session, changed under its lock. */
export function createSessionLists<Item>({
  database,
  table,
}: {
  database: Database
  table: 'todos' | 'tasks'
}) {
  async function lock(tx: Statements, list: ListKey): Promise<Item[]> {
    await tx.query(
      `insert into ${table} (session_id, tenant) select owner.*, $1 from (${ownerOf(list)}) owner
       on conflict (session_id) do nothing`,
      [list.tenant, list.sessionId],
    )
    const rows = await tx.query<{ items: string }>(
      `select items::text as items from ${table}
       where tenant = $1 and session_id = (${ownerOf(list)}) for update`,
      [list.tenant, list.sessionId],
    )
    if (rows.length === 0) throw new Error(`The session is gone, and its ${table} with it.`)
    return itemsOf<Item>(rows)
  }

  async function save(tx: Statements, list: ListKey, items: Item[]): Promise<void> {
    await tx.query(
      `update ${table} set items = $3::text::jsonb, updated_at = now()
       where tenant = $1 and session_id = (${ownerOf(list)})`,
      [list.tenant, list.sessionId, JSON.stringify(items)],
    )
  }

  return {
    async read(list: ListKey): Promise<Item[]> {
      const rows = await database.query<{ items: string }>(
        `select items::text as items from ${table}
         where tenant = $1 and session_id = (${ownerOf(list)})`,
        [list.tenant, list.sessionId],
      )
      return itemsOf<Item>(rows)
    },

    /** Keeps what `change` returns; nothing is written when that is what it was given. */
    async update(list: ListKey, change: (items: Item[]) => Item[]): Promise<Item[]> {
      return await database.transaction(async (tx) => {
        const before = await lock(tx, list)
        const after = change(before)
        if (after !== before) await save(tx, list, after)
        return after
      })
    },
  }
}

/** The session that the list belongs to, as a subquery on $1 tenant and $2 session. */
function ownerOf({ shared }: ListKey): string {
  const id = shared ? 'coalesce(root_id, id)' : 'id'
  return `select ${id} from sessions where tenant = $1 and id = $2`
}

function itemsOf<Item>(rows: { items: string }[]): Item[] {
  const row = rows[0]
  return row ? JSON.parse(row.items) : []
}

import type { Database, Statements } from './database.ts'

/** Whose list: the session's own, or with `shared` that of the root session. */
type ListKey = { tenant: string; sessionId: string; shared: boolean }

/** Lists of todos in Postgres: one row for each session, changed under its lock. */
export function createTodos<Todo>({ database }: { database: Database }) {
  return {
    async read(list: ListKey): Promise<Todo[]> {
      const rows = await database.query<{ items: string }>(
        `select items::text as items from todos
         where tenant = $1 and session_id = (${ownerOf(list)})`,
        [list.tenant, list.sessionId],
      )
      return itemsOf<Todo>(rows)
    },

    async update(list: ListKey, change: (todos: Todo[]) => Todo[]): Promise<Todo[]> {
      return await database.transaction(async (tx) => {
        const before = await lock<Todo>(tx, list)
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

async function lock<Todo>(tx: Statements, list: ListKey): Promise<Todo[]> {
  await tx.query(
    `insert into todos (session_id, tenant) select owner.*, $1 from (${ownerOf(list)}) owner
     on conflict (session_id) do nothing`,
    [list.tenant, list.sessionId],
  )
  const rows = await tx.query<{ items: string }>(
    `select items::text as items from todos
     where tenant = $1 and session_id = (${ownerOf(list)}) for update`,
    [list.tenant, list.sessionId],
  )
  if (rows.length === 0) throw new Error('The session is gone, and its todos with it.')
  return itemsOf<Todo>(rows)
}

async function save<Todo>(tx: Statements, list: ListKey, items: Todo[]): Promise<void> {
  await tx.query(
    `update todos set items = $3::text::jsonb, updated_at = now()
     where tenant = $1 and session_id = (${ownerOf(list)})`,
    [list.tenant, list.sessionId, JSON.stringify(items)],
  )
}

function itemsOf<Todo>(rows: { items: string }[]): Todo[] {
  const row = rows[0]
  return row ? JSON.parse(row.items) : []
}

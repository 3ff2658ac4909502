import type { Database } from '#store/database.ts'

/** All rows of a database, by table, as Postgres writes them in JSON. */
export type SavedState = Record<string, unknown[]>

export async function saveState(database: Database): Promise<SavedState> {
  const tables = await database.query<{ name: string }>(
    `select table_name as name from information_schema.tables
     where table_schema = 'public' order by table_name`,
    [],
  )
  const state: SavedState = {}
  for (const { name } of tables) {
    const [row] = await database.query<{ rows: unknown[] | null }>(
      `select json_agg(t) as rows from "${name}" t`,
      [],
    )
    if (row?.rows) state[name] = row.rows
  }
  return state
}

/** Into tables that are up to date and empty; columns that are newer than the state have their defaults. */
export async function loadState(database: Database, state: SavedState): Promise<void> {
  for (const [table, rows] of Object.entries(state)) {
    const [first] = rows
    const columns = Object.keys(typeof first === 'object' && first !== null ? first : {})
    const names = columns.map((column) => `"${column}"`).join(', ')
    await database.query(
      `insert into "${table}" (${names}) overriding system value
       select ${names} from json_populate_recordset(null::"${table}", $1::text::json)`,
      [JSON.stringify(rows)],
    )
  }
}

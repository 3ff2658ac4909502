/** Ways to run one statement. `createOrm` of `orm.ts` makes Drizzle of them. */
export type Statements = {
  /**
   * One prepared statement. Parameters are strings, numbers, booleans, null or arrays of these;
   * JSON goes in as text (`$1::text::jsonb`). Columns come back as: bigint a number, timestamptz
   * an ISO string in UTC with milliseconds, json and jsonb parsed, text[] an array. The number of
   * different texts must be bounded: write `= any($1)`, not a list of placeholders.
   */
  query<Row>(text: string, parameters: readonly unknown[]): Promise<Row[]>
  /** The same, each row as the array of its columns. */
  values(text: string, parameters: readonly unknown[]): Promise<unknown[][]>
}

/**
 * The database behind both drivers. When it cannot be reached every function throws a `Problem`
 * `unavailable` in less than 5 s; text that it cannot store is `validation_failed`.
 */
export type Database = Statements & {
  kind: 'postgres' | 'embedded'
  /**
   * Commits when `work` resolves, rolls back when it throws or when one of its statements failed.
   * Inside use the handle that is given, not the database: the embedded one has one connection.
   */
  transaction<T>(work: (tx: Statements) => Promise<T>): Promise<T>
  /**
   * Notifications of a channel. They may be lost while the connection is: `onListen` is called each
   * time that listening begins (again), so that what was missed can be read. Resolves to the
   * function that stops it.
   */
  listen(
    channel: string,
    onMessage: (payload: string) => void,
    onListen?: () => void,
  ): Promise<() => Promise<void>>
  /** Whether notifications arrive now; while they don't, what they would tell has to be read. */
  hears(): boolean
  /** Whether another process may listen to this database. */
  hasOthers(): boolean
  ping(): Promise<void>
  /** Connections that are used now, and who waits for one. */
  load(): { inUse: number; waiting: number }
  close(): Promise<void>
}

export type DatabaseLocation =
  | { url: string; poolSize?: number }
  | {
      /** Made when it is not there; null keeps everything in memory. */
      dataDirectory: string | null
      /** What `dumpImage` gave, to begin with when there is nothing yet. */
      image?: Uint8Array
      /** The engine has stopped, say because the disk is full: the process has to be restarted. */
      onFatal?: (error: Error) => void
    }

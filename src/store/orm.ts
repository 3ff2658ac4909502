import { NoopCache } from 'drizzle-orm/cache/core'
import { NoopLogger } from 'drizzle-orm/logger'
import { PgDialect } from 'drizzle-orm/pg-core'
import { PgRemoteDatabase, type RemoteCallback } from 'drizzle-orm/pg-proxy'
import { PgRemoteSession, PreparedQuery } from 'drizzle-orm/pg-proxy/session'
import type { Statements } from './database.ts'

/** Runs one statement; with `values` each row is the array of its columns. */
export type RunStatement = (
  text: string,
  parameters: readonly unknown[],
  shape: 'objects' | 'values',
) => Promise<unknown[]>

/** Both ways to write a statement, over one way to run it. */
export function createStatements(run: RunStatement): Statements {
  let orm: PgRemoteDatabase | undefined
  return {
    get orm() {
      orm ??= createOrm(run)
      return orm
    },
    // The caller names the columns in the text and their types in Row: nothing can check that.
    query: <Row>(text: string, parameters: readonly unknown[]) =>
      run(text, parameters, 'objects') as Promise<Row[]>,
  }
}

const dialect = new PgDialect()

function createOrm(run: RunStatement): PgRemoteDatabase {
  const callback: RemoteCallback = async (text, parameters, method) => ({
    rows: await run(text, parameters, method === 'execute' ? 'objects' : 'values'),
  })
  return new PgRemoteDatabase(dialect, new Session(callback), undefined)
}

type PrepareArguments = Parameters<PgRemoteSession<Record<string, never>, never>['prepareQuery']>

class Session extends PgRemoteSession<Record<string, never>, Record<string, never>> {
  readonly #callback: RemoteCallback

  constructor(callback: RemoteCallback) {
    super(callback, dialect, undefined, { cache: new NoopCache() })
    this.#callback = callback
  }

  override prepareQuery(...[query, fields, , isArrayMode, mapper, metadata]: PrepareArguments) {
    return new Query(
      this.#callback,
      query.sql,
      query.params,
      query.typings,
      new NoopLogger(),
      new NoopCache(),
      metadata,
      undefined,
      fields,
      isArrayMode,
      mapper,
    )
  }
}

/** Lets errors through as they are: Drizzle wraps them, which would hide a `Problem`. */
// biome-ignore lint/suspicious/noExplicitAny: the parameter of the class it extends
class Query extends PreparedQuery<any> {
  queryWithCache<T>(_text: string, _parameters: unknown[], run: () => Promise<T>): Promise<T> {
    return run()
  }
}

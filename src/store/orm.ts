import { NoopCache } from 'drizzle-orm/cache/core'
import { NoopLogger } from 'drizzle-orm/logger'
import { PgDialect } from 'drizzle-orm/pg-core'
import { PgRemoteDatabase, type RemoteCallback } from 'drizzle-orm/pg-proxy'
import { PgRemoteSession, PreparedQuery } from 'drizzle-orm/pg-proxy/session'
import type { Statements } from './database.ts'

/**
 * Drizzle on a database or in a transaction of it; its own `transaction` is not for use. Loading it
 * takes as long as the rest of the server and 50 MiB: nothing that serves requests imports it.
 */
export function createOrm({ query, values }: Statements): PgRemoteDatabase {
  const callback: RemoteCallback = async (text, parameters, method) => ({
    rows: await (method === 'execute' ? query(text, parameters) : values(text, parameters)),
  })
  const dialect = new PgDialect()
  return new PgRemoteDatabase(dialect, new Session(callback, dialect), undefined)
}

type PrepareArguments = Parameters<PgRemoteSession<Record<string, never>, never>['prepareQuery']>

class Session extends PgRemoteSession<Record<string, never>, Record<string, never>> {
  readonly #callback: RemoteCallback

  constructor(callback: RemoteCallback, dialect: PgDialect) {
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

import type { Statements } from './database.ts'

/**
 * Sends notifications in a transaction of their own. They are hints, so that the commit need not
 * wait for the disk. A payload has less than 8000 bytes.
 */
export async function sendNotifications(
  database: Statements,
  channel: string,
  payloads: string[],
): Promise<void> {
  await database.query(
    `select pg_notify($1, payload), set_config('synchronous_commit', 'off', true)
     from unnest($2::text[]) payload`,
    [channel, payloads],
  )
}

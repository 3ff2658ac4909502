import type { Statements } from './database.ts'

/** Deletes session tokens that are not valid any more, at most `limit`. Answers how many. */
export async function removeExpiredTokens(
  database: Statements,
  { limit }: { limit: number },
): Promise<number> {
  const rows = await database.query(
    `delete from session_tokens t using (
       select digest from session_tokens where expires_at < now()
       order by expires_at limit $1 for update skip locked) old
     where t.digest = old.digest returning t.digest`,
    [limit],
  )
  return rows.length
}

import type { Statements } from './database.ts'
import { createStatements, type RunStatement } from './statements.ts'

/**
 * Runs work in a transaction on a connection that nobody else uses meanwhile. A statement that
 * failed undoes it all, whether its error was caught or not. `rollback` may fail: then the
 * connection is gone, and the transaction with it.
 */
export async function runTransaction<T>({
  run,
  work,
}: {
  run: RunStatement
  work: (tx: Statements) => Promise<T>
}): Promise<T> {
  const failures: unknown[] = []
  let open = true
  const runInside: RunStatement = async (...statement) => {
    if (!open) throw new Error('This transaction has ended; await its statements inside it')
    try {
      return await run(...statement)
    } catch (error) {
      failures.push(error)
      throw error
    }
  }
  await run('begin', [], 'objects')
  try {
    const result = await work(createStatements(runInside))
    if (failures.length > 0) throw failures[0]
    open = false
    await run('commit', [], 'objects')
    return result
  } catch (error) {
    open = false
    await run('rollback', [], 'objects').catch(() => {})
    throw error
  }
}

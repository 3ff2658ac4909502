import { isUnavailable } from './patience.ts'

/**
 * Joins calls that come while one batch is on its way into the next batch: under load many calls
 * become one statement, alone a call goes out at once.
 */
export function createBatcher<Item, Result>(
  run: (items: Item[]) => Promise<Result[]>,
  { most = 200 }: { most?: number } = {},
): (item: Item) => Promise<Result> {
  type Waiting = { item: Item; resolve(result: Result): void; reject(error: unknown): void }
  let waiting: Waiting[] = []
  let busy = false

  async function flush(): Promise<void> {
    busy = true
    while (waiting.length > 0) {
      const batch = waiting.slice(0, most)
      waiting = waiting.slice(most)
      await settle(batch)
    }
    busy = false
  }

  async function settle(batch: Waiting[]): Promise<void> {
    try {
      const results = await run(batch.map((entry) => entry.item))
      for (const [index, entry] of batch.entries()) entry.resolve(results[index] as Result)
    } catch (error) {
      if (batch.length === 1 || isUnavailable(error)) {
        for (const entry of batch) entry.reject(error)
        return
      }
      // One item that the database refuses must not take the others with it.
      for (const entry of batch) await settle([entry])
    }
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject })
      if (!busy) {
        busy = true
        setImmediate(() => void flush())
      }
    })
}

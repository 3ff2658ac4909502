import { readdir, readFile } from 'node:fs/promises'
import { openDatabase } from '#store/open-database.ts'
import type { Violation } from '../evidence.ts'
import { openHouse } from '../house.ts'
import { loadState, type SavedState } from '../saved-state.ts'
import type { Trial } from '../trial.ts'
import { openViewer } from '../viewer.ts'
import { say, untilOver } from '../visitor.ts'
import { inHouse } from './busy.ts'

const states = new URL('../states/', import.meta.url)

/** What earlier releases left when they were killed; this one goes on with it. */
export const oldState: Trial = {
  name: 'old-state',
  promises: ['R2', 'R4', 'R10', 'R20'],
  database: 'embedded',
  quick: 1,
  long: 5,
  async run({ random }) {
    let fired = 0
    const violations: Violation[] = []
    for (const file of await readdir(states)) {
      const text = await readFile(new URL(file, states), 'utf8')
      let state: SavedState = {}
      const house = await openHouse({
        async prepare({ data, modelUrl, ledgerUrl }) {
          const here = text.replaceAll('{model}', modelUrl).replaceAll('{ledger}', ledgerUrl)
          state = JSON.parse(here)
          const database = await openDatabase({ dataDirectory: data })
          await loadState(database, state)
          await database.close()
        },
      })
      const outcome = await inHouse(house, async () => {
        for (const session of idsOf(state, 'sessions', 'id')) {
          const viewer = openViewer(house, { session, random })
          for (const run of idsOf(state, 'runs', 'id', { session_id: session })) {
            await untilOver({ house, random, viewer, run })
            fired += 1
          }
          const run = await say(house, random, { session, kind: 'last', item: `${session}last` })
          await untilOver({ house, random, viewer, run: run ?? '' })
          await viewer.stop()
        }
        return { violations: [], fired, figures: [] }
      })
      violations.push(...outcome.violations)
    }
    return { violations, fired, figures: [] }
  },
}

/** A column of the rows that are like this. */
function idsOf(
  state: SavedState,
  table: string,
  column: string,
  like: Record<string, string> = {},
): string[] {
  const rows = (state[table] ?? []).map((row) => new Map(Object.entries(Object(row))))
  return rows
    .filter((row) => Object.entries(like).every(([name, value]) => row.get(name) === value))
    .map((row) => String(row.get(column)))
}

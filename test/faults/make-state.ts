import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openDatabase } from '#store/open-database.ts'
import { createRandom } from '../support/random.ts'
import { openHouse } from './house.ts'
import { answerFrom } from './model.ts'
import { saveState } from './saved-state.ts'
import { openViewer } from './viewer.ts'
import { createSession, say } from './visitor.ts'

// `node test/faults/make-state.ts NAME` writes states/NAME.json: what a server of this version leaves
// when it is killed while conversations are in the middle of everything. Made once for each release.
const [name] = process.argv.slice(2)
if (name === undefined) throw new Error('Name the release: node test/faults/make-state.ts 0.1.0')

/** What each conversation is in the middle of, and what shows that it is there. */
const middles = [
  { kind: 'ask', shows: 'run_waiting' },
  { kind: 'tool', shows: 'tool_call' },
  { kind: 'text', shows: 'agent_choice' },
] as const

const places = { model: '', ledger: '' }
const house = await openHouse({
  script: (request) => ({ ...answerFrom(request), delayPerChunk: 300 }),
  prepare: async ({ modelUrl, ledgerUrl }) => {
    Object.assign(places, { model: modelUrl, ledger: ledgerUrl })
  },
})
house.ledger.answerAfter(60_000)
const random = createRandom(1)
for (const { kind, shows } of middles) {
  const session = await createSession(house, random, kind)
  const viewer = openViewer(house, { session, random, cuts: false })
  await say(house, random, { session, kind, item: kind })
  await viewer.until(({ type }) => type === shows)
  const options = { on_busy: 'enqueue' }
  await say(house, random, { session, kind: 'text', item: `${kind}-next`, options })
  await viewer.stop()
}
await house.instances[0].kill()
const database = await openDatabase({ dataDirectory: join(house.directory, 'data') })
const state = JSON.stringify(await saveState(database), null, 1)
  .replaceAll(places.model, '{model}')
  .replaceAll(places.ledger, '{ledger}')
  .replaceAll(house.directory, '{directory}')
await database.close()
await writeFile(new URL(`states/${name}.json`, import.meta.url), `${state}\n`)
await house.close()

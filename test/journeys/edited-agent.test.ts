import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { ask, newSession, start } from './conversation.ts'

const names = Array.from({ length: 200 }, (_, index) => `agent-${index}`)
const before = 'agents: { root: { model: scripted, instruction: Before } }'

test('of two hundred agents one is edited: the next run uses it, and the run in flight does not notice', async () => {
  const agents = Object.fromEntries(
    names.map((name) => [name, `${before}\n# {base_url}\n${models('{base_url}')}`]),
  )
  const app = await startApp({ agents })
  const agent = 'agent-120'
  const [inFlight, next] = [await newSession(app), await newSession(app)]
  const think = { text: 'Well,', hold: true as const }
  app.model.push(think, { text: 'After.' })
  const run = await start(app, { session: inFlight, agent })
  await app.model.received(1)
  const edited = before.replace('Before', 'After')
  const file = join(app.directory, `${agent}.yaml`)
  const old = await versionOf(app.url, agent)
  await writeFile(file, `${edited}\n${models(app.model.baseUrl)}`)
  await expect.poll(() => versionOf(app.url, agent)).not.toBe(old)
  const { output } = await ask(app, { session: next, agent })
  app.model.release()
  const events = await app.events(run.id)
  expect(output).toBe('After.')
  expect(app.model.requests.map(({ body }) => body.messages[0]?.content)).toEqual([
    'Before',
    'After',
  ])
  expect(events.at(-1)).toMatchObject({ type: 'stream_stopped', reason: 'completed' })
})

function models(baseUrl: string): string {
  return `models: { scripted: { provider: scripted, model: scripted } }\nproviders: { scripted: { base_url: "${baseUrl}" } }\n`
}

async function versionOf(url: string, agent: string): Promise<string> {
  const response = await fetch(`${url}/api/agents/${agent}`)
  return (await response.json()).version
}

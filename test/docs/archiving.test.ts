import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import { ask, newSession } from '../journeys/conversation.ts'
import { startApp } from '../support/app.ts'
import { archiveSecret } from '../support/archive-receiver.ts'

test('the receiver of the page takes a signed turn and refuses a forged one', async () => {
  const { lines, place } = await startDocumentedReceiver()
  const app = await startApp({
    script: [{ text: ['Hello.'] }],
    flags: ['--archive-url', `http://${place}/turns`, '--allow-host', place],
    environment: { PARLEY_ARCHIVE_SECRET: archiveSecret },
  })
  const seconds = String(Math.floor(Date.now() / 1000))
  for (const signature of ['v1,Zm9yZ2Vk', `v1,${'é'.repeat(32)}`, 'v2,', '']) {
    const headers = {
      'webhook-id': 'dlv_1',
      'webhook-timestamp': seconds,
      'webhook-signature': signature,
    }
    const forged = await fetch(`http://${place}`, { method: 'POST', body: '{}', headers })
    expect(forged.status).toBe(401)
  }
  const { run } = await ask(app, { session: await newSession(app), message: 'Hi' })
  expect((await lines.next()).value).toBe(`dlv_${run.id.slice(4)} completed 2`)
})

/** Runs the block of code in docs/archiving.md as it stands. */
async function startDocumentedReceiver() {
  const page = await readFile(new URL('../../docs/archiving.md', import.meta.url), 'utf8')
  const code = /```js\n(.*?)```/s.exec(page)?.[1] ?? ''
  const directory = await mkdtemp(join(tmpdir(), 'parley-receiver-'))
  const file = join(directory, 'receiver.mjs')
  await writeFile(file, code)
  const child = spawn(process.execPath, [file], {
    env: { PORT: '0', PARLEY_ARCHIVE_SECRET: archiveSecret },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(async () => {
    const closed = once(child, 'close')
    child.kill()
    await closed
    await rm(directory, { recursive: true })
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const port = /^listening (\d+)$/.exec(String((await lines.next()).value))?.[1]
  return { lines, place: `127.0.0.1:${port}` }
}

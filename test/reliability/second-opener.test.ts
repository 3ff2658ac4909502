import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createHome, type Home } from '../support/app.ts'
import { testServer } from '../support/database.ts'
import { runServer, type ServerProcess, startServerProcess } from '../support/process.ts'

// About the embedded database, whichever one the rest of the suite runs on.
describe.skipIf(testServer() !== undefined)('a data directory that is in use', () => {
  let home: Home
  let server: ServerProcess
  beforeAll(async () => {
    // No model is called here.
    const agents = { assistant: 'agents: { root: { model: scripted } }' }
    home = await createHome({ agents, baseUrl: 'http://127.0.0.1:9/v1' })
    server = await startServerProcess({ home })
  })
  afterAll(async () => {
    await server.kill()
    await home.remove()
  })

  test('a second server ends at once with one clear line, and the first goes on', async () => {
    const second = await runServer([...home.flags, '--listen', '127.0.0.1:0'], home)
    expect(second.code).toBe(1)
    expect(second.errors).toMatch(
      /^parley: The data directory \S+ is in use by another process.*\n$/,
    )
    expect((await fetch(`${server.url}/ready`)).status).toBe(200)
  })

  test('a server that was killed leaves the directory to the next one', async () => {
    await server.kill()
    await server.start()
    expect((await fetch(`${server.url}/ready`)).status).toBe(200)
  })

  test('an address that is in use is said in one line', async () => {
    const { host } = new URL(server.url)
    const other = home.flags.map((flag) => (flag.endsWith('/data') ? `${flag}2` : flag))
    const second = await runServer([...other, '--listen', host], home)
    expect(second.code).toBe(1)
    expect(second.errors).toMatch(
      /^parley: Cannot listen on \S+: another program listens there.*\n$/,
    )
  })
})

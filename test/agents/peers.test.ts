import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createPeers } from '#agents/peers.ts'

const self = { name: 'me', ip: null, groups: [], self: true, live: true }

test('a peer that takes connections is live, one that does not is not', async () => {
  const port = await listen()
  const { write, peers } = await openPeers()
  await write(`
    [peers.near]
    ip = "127.0.0.1:${port}"
    groups = ["test"]
    [peers.gone]
    ip = "127.0.0.1:1"
    [peers.odd]
    ip = 7
    other = true
  `)
  expect(await peers()).toEqual([
    self,
    { name: 'near', ip: `127.0.0.1:${port}`, groups: ['test'], self: false, live: true },
    { name: 'gone', ip: '127.0.0.1:1', groups: [], self: false, live: false },
    { name: 'odd', ip: null, groups: [], self: false, live: false },
  ])
})

test('the file is read again after a change', async () => {
  const { write, peers } = await openPeers()
  expect(await peers()).toEqual([self])
  await write('[peers.later]\n')
  expect((await peers()).map(({ name }) => name)).toEqual(['me', 'later'])
})

test('a broken file has no peers and is reported with its path, once until it is whole', async () => {
  const { write, peers, lines, path } = await openPeers()
  await write('[peers')
  expect(await peers()).toEqual([self])
  expect(await peers()).toEqual([self])
  const line = expect.stringContaining(`${path}: the peers cannot be read`)
  expect(lines).toEqual([line])
  await write('[peers.later]')
  expect(await peers()).toHaveLength(2)
  await write('[peers')
  await peers()
  expect(lines).toEqual([line, line])
})

test('a file that cannot be read is reported, one that is missing is not', async () => {
  const { path, lines, peers } = await openPeers()
  expect(await peers()).toEqual([self])
  expect(lines).toEqual([])
  await mkdir(path)
  expect(await peers()).toEqual([self])
  expect(lines).toEqual([`${path}: the peers cannot be read: this is a directory, not a file`])
})

async function openPeers() {
  const directory = await mkdtemp(join(tmpdir(), 'parley-peers-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const path = join(directory, 'peers.toml')
  const lines: string[] = []
  const peers = createPeers({ path, name: 'me', onProblem: (line) => lines.push(line) })
  return { path, lines, peers, write: (text: string) => writeFile(path, text) }
}

/** The port of a server that is there as long as the test. */
function listen(): Promise<number> {
  const server = createServer((socket) => socket.destroy())
  onTestFinished(() => void server.close())
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address ? address.port : 0)
    })
  })
}

import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { buffer } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'

export type Registry = {
  /** `HOST:PORT`, as references begin. */
  host: string
  close(): Promise<void>
}

/**
 * A registry that ends with the test: the program that PARLEY_TEST_REGISTRY names (Debian's
 * `docker-registry`), else a server that speaks the distribution protocol as far as it is needed.
 */
export async function startRegistry(): Promise<Registry> {
  const program = process.env.PARLEY_TEST_REGISTRY
  return program ? await startProgram(program) : await startScriptedRegistry()
}

async function startProgram(program: string): Promise<Registry> {
  const directory = await mkdtemp(join(tmpdir(), 'parley-registry-'))
  const port = await freePort()
  const config = join(directory, 'config.yml')
  await writeFile(
    config,
    `version: 0.1\nstorage: { filesystem: { rootdirectory: ${directory} } }\nhttp: { addr: "127.0.0.1:${port}" }\n`,
  )
  const child = spawn(program, ['serve', config], { stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = once(child, 'close')
  const close = async () => {
    child.kill()
    await ended
    await rm(directory, { recursive: true, force: true })
  }
  onTestFinished(close)
  for await (const line of createInterface(child.stderr)) {
    if (line.includes('listening on')) break
  }
  child.stderr.resume()
  return { host: `127.0.0.1:${port}`, close }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** `login` (`user:password`) is asked for at the token server; `alter` changes what is served. */
export async function startScriptedRegistry({
  login,
  alter = (content) => content,
}: {
  login?: string
  alter?: (content: Buffer, path: string) => Buffer
} = {}): Promise<Registry> {
  const kept = new Map<string, Buffer>()
  const token = login && digestOf(Buffer.from(login)).slice(7)
  const server = createServer((request, response) => void answer(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', `http://${host}`)
    const given = request.headers.authorization
    if (url.pathname === '/token') {
      const isRight = given === `Basic ${Buffer.from(login ?? '').toString('base64')}`
      response.writeHead(isRight ? 200 : 401).end(JSON.stringify({ token }))
    } else if (token && given !== `Bearer ${token}`) {
      const challenge = `Bearer realm="http://${host}/token",service="test",scope="repository"`
      response.writeHead(401, { 'www-authenticate': challenge }).end()
    } else if (request.method === 'POST') {
      const location = `${url.pathname}one?state=1`
      response.writeHead(202, { location }).end()
    } else if (request.method === 'PUT') {
      put(url, await buffer(request))
      response.writeHead(201).end()
    } else {
      const found = kept.get(url.pathname)
      if (!found) response.writeHead(404).end()
      else response.writeHead(200).end(request.method === 'HEAD' ? '' : alter(found, url.pathname))
    }
  }

  function put({ pathname, searchParams }: URL, content: Buffer): void {
    const digest = searchParams.get('digest')
    if (digest === null) {
      kept.set(pathname, content)
      kept.set(pathname.replace(/[^/]+$/, digestOf(content)), content)
    } else if (digest === digestOf(content)) {
      kept.set(pathname.replace(/uploads\/one$/, digest), content)
    }
  }

  const close = async () => {
    if (!server.listening) return
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  }
  onTestFinished(close)
  return { host, close }
}

function digestOf(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`
}

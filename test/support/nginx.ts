import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Debian keeps it where only administrators look. */
const program = ['nginx', '/usr/sbin/nginx'].find(
  (candidate) => spawnSync(candidate, ['-v']).status === 0,
)

export const hasNginx = program !== undefined

/** nginx with the configuration that is deployed, or a changed one, before servers at other addresses. */
export async function startNginx(
  instances: { url: string }[],
  change: (configuration: string) => string = (configuration) => configuration,
): Promise<{ url: string; close(): Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'parley-nginx-'))
  // Its workers run as another user when it is started as root.
  await chmod(directory, 0o755)
  const port = await findPort()
  const file = join(directory, 'nginx.conf')
  await writeFile(file, change(await readConfiguration({ directory, port, instances })))
  const child = spawn(program ?? 'nginx', ['-p', directory, '-c', file, '-g', globals(directory)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = once(child, 'close')
  await untilListening(child, port)
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      child.kill('SIGTERM')
      await ended
      await rm(directory, { recursive: true, force: true })
    },
  }
}

function globals(directory: string): string {
  return `daemon off; pid ${directory}/pid; error_log stderr;`
}

async function readConfiguration({
  directory,
  port,
  instances,
}: {
  directory: string
  port: number
  instances: { url: string }[]
}): Promise<string> {
  const deployed = await readFile(new URL('../../deploy/nginx.conf', import.meta.url), 'utf8')
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  const temporary = paths.map((name) => `${name}_temp_path ${directory}/${name};`).join('\n')
  const addresses = instances.map(({ url }) => new URL(url).host)
  return deployed
    .replace(/instance-(\d):8080/g, (_, number) => addresses[Number(number) - 1] ?? '')
    .replace('listen 8080;', `listen 127.0.0.1:${port};`)
    .replace('http {', `http {\naccess_log off;\n${temporary}`)
}

async function findPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  if (address === null || typeof address === 'string') throw new Error('There is no free port')
  return address.port
}

async function untilListening(child: ChildProcess, port: number): Promise<void> {
  let errors = ''
  child.stderr?.setEncoding('utf8').on('data', (text) => {
    errors += text
  })
  while (child.exitCode === null) {
    if (await canConnect(port)) return
  }
  throw new Error(`nginx ended: ${errors}`)
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('error', () => resolve(false))
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
}

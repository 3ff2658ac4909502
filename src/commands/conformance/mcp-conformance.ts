import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isLoopbackHost } from '#http/loopback.ts'
import { type Check, expectThat, type Skip, type Target } from './suite.ts'

/** Scenarios of the protocol's own suite that need no tools or prompts of its own names. */
const scenarios = [
  'server-initialize',
  'ping',
  'logging-set-level',
  'completion-complete',
  'tools-list',
  'resources-list',
  'prompts-list',
  'server-sse-multiple-streams',
]

/** The protocol's own conformance suite, a program of its own. */
export async function mcpConformanceChecks({ url, key }: Target): Promise<Check[] | Skip> {
  if (key !== undefined) return { skip: 'its program cannot send a key' }
  // Asks Node where the package is, which fails as an import does.
  const program = fileURLToPath(
    import.meta.resolve('@modelcontextprotocol/conformance/dist/index.js'),
  )
  // Elsewhere a proxy in front says which hosts there are.
  const local = isLoopbackHost(new URL(url).host) ? ['dns-rebinding-protection'] : []
  let summary: Promise<Map<string, string>> | undefined
  return [...scenarios, ...local].map((name) => ({
    name,
    async run() {
      summary ??= runProgram([program, 'server', '--url', `${url}/mcp`, '--suite', 'all'])
      const verdict = (await summary).get(name) ?? 'the program says nothing about it'
      expectThat(verdict.startsWith('✓'), verdict)
    },
  }))
}

/** What the summary says of each scenario. The program writes its results into where it is. */
async function runProgram(args: string[]): Promise<Map<string, string>> {
  const cwd = await mkdtemp(join(tmpdir(), 'mcp-conformance-'))
  try {
    const output = await run(args, cwd)
    const lines = output.matchAll(/^[✓✗] ([a-z0-9-]+): .*$/gm)
    return new Map(Array.from(lines, ([line, name = '']) => [name, line]))
  } finally {
    await rm(cwd, { recursive: true, force: true })
  }
}

/** It fails where one scenario does, so how it ends says nothing about another. */
function run(args: string[], cwd: string): Promise<string> {
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd, timeout: 50_000 }, (_error, stdout, stderr) =>
      resolve(stdout + stderr),
    )
  })
}

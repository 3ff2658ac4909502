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

/** The protocol's own conformance suite, a program that is run for each scenario. */
export async function mcpConformanceChecks({ url, key }: Target): Promise<Check[] | Skip> {
  if (key !== undefined) return { skip: 'its program cannot send a key' }
  // Asks Node where the package is, which fails as an import does.
  const program = fileURLToPath(
    import.meta.resolve('@modelcontextprotocol/conformance/dist/index.js'),
  )
  // Elsewhere a proxy in front says which hosts there are.
  const local = isLoopbackHost(new URL(url).host) ? ['dns-rebinding-protection'] : []
  return [...scenarios, ...local].map((name) => ({
    name,
    run: () => runScenario(program, { url: `${url}/mcp`, name }),
  }))
}

/** In a directory of its own: the program writes its results where it is. */
async function runScenario(program: string, { url, name }: { url: string; name: string }) {
  const cwd = await mkdtemp(join(tmpdir(), 'mcp-conformance-'))
  try {
    const { code, output } = await run([program, 'server', '--url', url, '--scenario', name], cwd)
    const failed = output.split('\n').find((line) => /FAILURE|✗|Error/.test(line))
    expectThat(code === 0, failed?.trim() ?? `the program ended with ${code}`)
  } finally {
    await rm(cwd, { recursive: true, force: true })
  }
}

function run(args: string[], cwd: string): Promise<{ code: unknown; output: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd, timeout: 50_000 }, (error, stdout, stderr) =>
      resolve({ code: error ? (error.code ?? 'a signal') : 0, output: stdout + stderr }),
    )
  })
}

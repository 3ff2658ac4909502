import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { type FieldError, Problem } from '#contract/problem.ts'
import type { RunScript, Tool } from '#runtime/tool.ts'
import { toStorable, toToolOutcome } from './code-result.ts'
import { startJavascriptSandbox } from './javascript-sandbox.ts'
import { type PythonPaths, startPythonSandbox } from './python-sandbox.ts'
import { type CodeAnswer, type Sandbox, SandboxFault } from './sandbox.ts'
import { createSandboxPool, type SandboxPool } from './sandbox-pool.ts'
import { toolFromSchemaJson } from './schema-json.ts'
import { openScriptRunner } from './script-runner.ts'

export type CodeLanguage = 'python' | 'javascript'

export type CodeToolSource = {
  name: string
  language: CodeLanguage
  code: string
  /** A JSON Schema of the arguments, or a whole tool description, as an object or as its text. */
  schemaJson?: unknown
  /** Instead of the description in `schemaJson`. */
  description?: string
  /** Seconds by the clock; 30 when missing. */
  timeout?: number
}

/** Whether a language can be run: with what, or else why not and what to do. */
export type CodeSupport =
  | { isAvailable: true; engine: string }
  | { isAvailable: false; why: string }

/** Runs code that nobody trusts: never in this process, and only when the operator turned it on. */
export type CodeRunner = {
  support: Record<CodeLanguage, CodeSupport>
  /**
   * What is wrong with a tool before it is saved: its schema, its syntax, what it imports, and that
   * it has the function to call. The code is looked at inside the sandbox. Throws a `Problem` with
   * `code_disabled` when its language cannot be run here.
   */
  check(source: CodeToolSource): Promise<FieldError[]>
  /** Throws an Error that names what is wrong with the schema. The code is first read by a call. */
  createTool(source: CodeToolSource): Tool
  /** null when JavaScript cannot be run here. */
  runScript: RunScript | null
  close(): Promise<void>
}

/** Probes what is there. Without `isEnabled` nothing is started, ever. */
export async function openCodeRunner({
  isEnabled,
  size = Math.min(16, Math.max(4, availableParallelism())),
  paths = debianPaths,
}: {
  isEnabled: boolean
  /** Calls of one language at the same time; the others wait. */
  size?: number
  paths?: PythonPaths
}): Promise<CodeRunner> {
  const pools: Record<CodeLanguage, SandboxPool> = {
    python: createSandboxPool({ start: () => startPythonSandbox(paths), size }),
    javascript: createSandboxPool({ start: startJavascriptSandbox, size }),
  }
  const scripts = openScriptRunner({ size })
  const support: CodeRunner['support'] = isEnabled
    ? { python: await probePython(paths, pools.python), javascript: await probeJavascript() }
    : { python: turnedOff, javascript: turnedOff }

  function refuse(language: CodeLanguage): void {
    const found = support[language]
    if (!found.isAvailable) throw new Problem('code_disabled', found.why)
  }

  return {
    support,
    runScript: support.javascript.isAvailable ? scripts.run : null,
    async check(source) {
      refuse(source.language)
      const described = toolFromSchemaJson(source.schemaJson)
      const problems = 'problems' in described ? described.problems : []
      const message = await tryCode(pools[source.language], source)
      return message === null
        ? problems
        : [...problems, { path: `${source.language}_code`, message }]
    },
    createTool(source) {
      return describeTool(source, async (args, context) => {
        refuse(source.language)
        const answer = await runOrTell(pools[source.language], {
          request: { code: source.code, arguments: args },
          signal: context.signal,
          group: context.sessionId,
          onOutput: (text) => context.progress(toStorable(text)),
        })
        return toToolOutcome(answer)
      })
    },
    async close() {
      await Promise.all([pools.python.close(), pools.javascript.close(), scripts.close()])
    },
  }
}

const debianPaths: PythonPaths = { bubblewrap: '/usr/bin/bwrap', python: '/usr/bin/python3' }
const turnedOff: CodeSupport = {
  isAvailable: false,
  why: 'Python and JavaScript tools are turned off; start the server with --enable-code to run them, isolated.',
}
const probeLimit = 20_000
const defaultTimeout = 30
/** Seconds that looking at new code may take. */
const checkTimeout = 15

async function probePython(paths: PythonPaths, pool: SandboxPool): Promise<CodeSupport> {
  const missing = [
    ...(existsSync(paths.bubblewrap) ? [] : ['bubblewrap']),
    ...(existsSync(paths.python) ? [] : ['python3']),
  ]
  const advice = `install ${missing.join(' and ')} (Debian: apt-get install ${missing.join(' ')})`
  if (missing.length > 0) {
    return { isAvailable: false, why: `Python tools run only in a bubblewrap sandbox: ${advice}.` }
  }
  const code = 'import platform\ndef execute(args): return platform.python_version()'
  try {
    const answer = await probe(pool, code)
    return { isAvailable: true, engine: `Python ${answer} in bubblewrap` }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    const why = `Python tools cannot run: bubblewrap cannot make its sandbox here (${reason}); let this user create user namespaces.`
    return { isAvailable: false, why }
  }
}

async function probeJavascript(): Promise<CodeSupport> {
  let sandbox: Sandbox | undefined
  try {
    sandbox = await startJavascriptSandbox()
    return { isAvailable: true, engine: 'JavaScript in QuickJS' }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { isAvailable: false, why: `JavaScript tools cannot run: ${reason}` }
  } finally {
    await sandbox?.close()
  }
}

async function probe(pool: SandboxPool, code: string): Promise<string> {
  const answer = await pool.run(
    { code, arguments: {} },
    { signal: AbortSignal.timeout(probeLimit), group: 'probe', onOutput: () => {} },
  )
  if (answer.type === 'error') throw new Error(answer.message)
  return String(JSON.parse(answer.json))
}

/** What is wrong with the code, or null. */
async function tryCode(pool: SandboxPool, { code, name }: CodeToolSource): Promise<string | null> {
  const signal = AbortSignal.timeout(checkTimeout * 1000)
  const call = { request: { code }, signal, group: `check ${name}`, onOutput: () => {} }
  try {
    const answer = await runOrTell(pool, call)
    return answer.type === 'error' ? toStorable(answer.message).trimEnd() : null
  } catch (error) {
    if (!signal.aborted) throw error
    return `The code did not load within ${checkTimeout} s.`
  }
}

type PooledCall = {
  request: Parameters<SandboxPool['run']>[0]
  signal: AbortSignal
  group: string
  onOutput(text: string): void
}

/** A broken sandbox is told to the model; only an abort is thrown. */
async function runOrTell(pool: SandboxPool, call: PooledCall): Promise<CodeAnswer> {
  const { request, ...rest } = call
  try {
    return await pool.run(request, rest)
  } catch (error) {
    if (error instanceof SandboxFault) return { type: 'error', message: error.message }
    throw error
  }
}

/**
 * A tool that can touch nothing outside: it runs without asking, and again after a crash, for there
 * is nothing that could happen twice.
 */
function describeTool(source: CodeToolSource, execute: Tool['execute']): Tool {
  const described = toolFromSchemaJson(source.schemaJson)
  if ('problems' in described) {
    const faults = described.problems.map(({ path, message }) => `${path}: ${message}`)
    throw new Error(`tool ${source.name}: ${faults.join('; ')}`)
  }
  const { tool } = described
  return {
    definition: {
      name: source.name,
      description: source.description ?? tool.description ?? '',
      parameters: tool.parameters,
      annotations: { read_only: true, destructive: false, idempotent: true, open_world: false },
      effect: 'read',
    },
    harmless: true,
    timeout: (source.timeout ?? defaultTimeout) * 1000,
    execute,
  }
}

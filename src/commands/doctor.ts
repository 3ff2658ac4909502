import { readConfig } from '../config.ts'
import { lastOf, readSwitch, withVariables } from '../settings.ts'
import { readArguments } from './arguments.ts'
import { checkAgents } from './doctor/agents.ts'
import type { Check, Finding } from './doctor/check.ts'
import { checkCode } from './doctor/code.ts'
import { checkDatabase } from './doctor/database.ts'
import { checkDisk, checkNode, checkOpenFiles, checkPort } from './doctor/machine.ts'
import { checkModels } from './doctor/models.ts'
import { checkStream } from './doctor/stream.ts'
import { doctorOptions } from './doctor-options.ts'
import { exitCodes, UsageError } from './failure.ts'
import { serveOptions } from './options.ts'
import type { World } from './world.ts'

/** Says what keeps a server from running well, and what to do about it. */
export async function doctor(argv: readonly string[], world: World): Promise<number> {
  const { environment, directory } = world
  const options = [...serveOptions, ...doctorOptions]
  const { positionals, given } = readArguments(argv, options)
  const settings = withVariables(given, environment, options)
  const url = lastOf(settings.get('stream'))
  if (url !== undefined && positionals.length > 0) {
    throw new UsageError('--stream looks at a running server: give either it or AGENTS')
  }
  const checks =
    url === undefined
      ? hereChecks(readConfig({ argv, environment, directory, options }), positionals.length > 0)
      : [checkStream({ url, key: lastOf(settings.get('key')) })]
  const asJson = readSwitch(settings.get('json'))
  const findings: Finding[] = []
  // One after the other: what is looked at stays as it would be alone.
  for (const check of checks) {
    for (const finding of await examine(check)) {
      findings.push(finding)
      if (!asJson) for (const line of linesOf(finding)) world.write(line)
    }
  }
  const failed = findings.filter(({ status }) => status === 'failed').length
  const warnings = findings.filter(({ status }) => status === 'warning').length
  if (asJson) world.write(JSON.stringify({ ok: failed === 0, failed, warnings, findings }, null, 2))
  else world.write(summary(failed, warnings))
  return failed === 0 ? exitCodes.ok : exitCodes.failure
}

function hereChecks(config: ReturnType<typeof readConfig>, namesAgents: boolean): Check[] {
  return [
    checkNode(config.version),
    checkAgents(config),
    checkDatabase(config.database),
    checkModels(config, { namesAgents }),
    checkCode(config),
    checkDisk(config),
    checkOpenFiles(),
    checkPort(config.listen),
  ]
}

/** A check that breaks is a finding, too. */
async function examine({ name, look }: Check): Promise<Finding[]> {
  try {
    return (await look()).map((finding) => ({ name, ...finding }))
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error)
    return [{ name, status: 'failed', detail }]
  }
}

function linesOf({ name, status, detail, remedy }: Finding): string[] {
  const line = `${status.padEnd(8)} ${name.padEnd(10)} ${detail}`
  return remedy === undefined ? [line] : [line, `${' '.repeat(20)}→ ${remedy}`]
}

function summary(failed: number, warnings: number): string {
  if (failed > 0) return `${failed} failed, ${warnings} to look at`
  return warnings > 0 ? `nothing failed, ${warnings} to look at` : 'all is well'
}

/** The server that is looked at, and who asks. */
export type Target = {
  /** Without a slash at the end. */
  url: string
  key: string | undefined
  agent: string
  /** Says who asks. */
  headers: Record<string, string>
}

/** One thing that must work; it throws with what is wrong. Checks of a suite run in their order. */
export type Check = { name: string; run(): Promise<void> }

export type Suite = {
  name: string
  /** The package that it takes, when it takes one of others. */
  takes?: string
  /** Loads the suite; both throw as imports do where its package is missing. */
  load(): Promise<(target: Target) => Check[] | Promise<Check[] | Skip>>
}

/** Why a suite says nothing about this server. */
export type Skip = { skip: string }

export type CheckResult = { name: string; passed: boolean; why?: string }
export type SuiteResult =
  | { suite: string; status: 'passed' | 'failed'; checks: CheckResult[] }
  | { suite: string; status: 'skipped'; why: string }

/** Runs the checks of a suite one after the other; those behind a failed one may fail with it. */
export async function runSuite(suite: Suite, target: Target): Promise<SuiteResult> {
  const { name } = suite
  const found = await findChecks(suite, target)
  if ('skip' in found) return { suite: name, status: 'skipped', why: found.skip }
  const checks: CheckResult[] = []
  for (const check of found) checks.push(await runCheck(check))
  const status = checks.every(({ passed }) => passed) ? 'passed' : 'failed'
  return { suite: name, status, checks }
}

async function findChecks({ takes, load }: Suite, target: Target): Promise<Check[] | Skip> {
  try {
    const checksOf = await load()
    return await checksOf(target)
  } catch (error) {
    if (takes !== undefined && isMissing(error, takes)) return { skip: `install ${takes}` }
    throw error
  }
}

/** Milliseconds that a check may take. */
const patience = 60_000

async function runCheck({ name, run }: Check): Promise<CheckResult> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error('it took more than 60 s')), patience)
  try {
    await Promise.race([run(), late.promise])
    return { name, passed: true }
  } catch (error) {
    return { name, passed: false, why: reasonOf(error) }
  } finally {
    clearTimeout(timer)
  }
}

export function expectThat(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Error(otherwise)
}

function isMissing(error: unknown, name: string): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false
  return error.code === 'ERR_MODULE_NOT_FOUND' && error.message.includes(`'${name}'`)
}

/** On one line, with what lies behind a connection that failed. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : ''
  return `${error.message}${cause}`.replaceAll(/\s+/g, ' ').slice(0, 300)
}

import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { createRandom } from '../support/random.ts'
import { operationOf, operations } from './document.ts'
import { examine } from './examine.ts'
import { generate } from './generate.ts'
import type { FuzzRequest, KeptCase } from './request.ts'
import { closeConnections } from './send.ts'
import { shrink } from './shrink.ts'
import { openTarget, type Target } from './target.ts'

const usage = `npm run fuzz -- [--long] [--seconds N] [--seed N] [--case FILE]
  --long        20 minutes instead of 100 seconds
  --seconds N   as long as that
  --seed N      the same requests as in a run that printed this seed
  --case FILE   only the request in this file, with all that is wrong with its answer`

type Failure = { case: number; request: FuzzRequest; problems: string[] }

const lanes = 4
/** Cases between two golden requests, and between two new sets of sessions. */
const goldenEvery = 500
const refreshEvery = 40
/** Bytes that the process may grow by after the first golden request. */
const mostGrowth = 200 * 1024 * 1024

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      long: { type: 'boolean', default: false },
      seconds: { type: 'string' },
      seed: { type: 'string' },
      case: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(usage)
    return 0
  }
  const target = await openTarget()
  try {
    if (values.case !== undefined) return await runCase(target, values.case)
    const seed = Number(values.seed ?? Date.now() % 2 ** 31)
    const seconds = Number(values.seconds ?? (values.long ? 1200 : 100))
    if (!Number.isSafeInteger(seed) || !(seconds > 0)) throw new Error(usage)
    return await runAll(target, { seed, seconds })
  } finally {
    for (const error of loggedErrors(target).slice(0, 20)) console.log(error.slice(0, 3000))
    closeConnections()
    await target.close()
  }
}

async function runCase(target: Target, file: string): Promise<number> {
  const kept: KeptCase = JSON.parse(await readFile(file, 'utf8'))
  const { problems, status } = await examine(target.url, kept.request, await target.refresh())
  console.log(`${file}: status ${status}`)
  for (const problem of [...problems, ...loggedErrors(target)]) console.log(`  ${problem}`)
  return problems.length === 0 ? 0 : 1
}

async function runAll(target: Target, { seed, seconds }: { seed: number; seconds: number }) {
  console.log(`seed ${seed}: ${seconds} s, ${lanes} lanes`)
  const until = performance.now() + seconds * 1000
  const failures = new Map<string, Failure>()
  const statuses = new Map<number, number>()
  const succeeded = new Set<string>()
  const memory: number[] = []
  let next = 0
  let isOver = false

  async function runLane(): Promise<void> {
    let values = await target.refresh()
    for (let mine = 1; !isOver && performance.now() < until; mine += 1) {
      const number = next
      next += 1
      if (mine % refreshEvery === 0) values = await target.refresh()
      if (number % goldenEvery === goldenEvery - 1) {
        await target.golden()
        memory.push(await target.server.memory())
      }
      const request = generate(createRandom(hashOf(seed, number)))
      const { problems, status } = await examine(target.url, request, {
        ...values,
        fresh: `fresh-${number}`,
      })
      if (request.kind === 'http' && status >= 200 && status < 300) {
        const operation = operationOf(request.method, request.path)
        if (operation) succeeded.add(operation.id)
      }
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      if (problems.length === 0) continue
      const failure = { case: number, request, problems }
      const kind = kindOf(failure)
      if (failures.has(kind)) continue
      failures.set(kind, failure)
      console.log(`case ${number}: ${kind}`)
    }
  }

  await Promise.all(Array.from({ length: lanes }, () => runLane().finally(() => (isOver = true))))
  await target.golden()
  const errors = loggedErrors(target)
  for (const failure of failures.values()) await keep(target, failure)
  const grown = (memory.at(-1) ?? 0) - (memory[0] ?? 0)
  report({ count: next, statuses, succeeded, failures, memory, errors })
  return failures.size > 0 || errors.length > 0 || grown > mostGrowth ? 1 : 0
}

function report({
  count,
  statuses,
  succeeded,
  failures,
  memory,
  errors,
}: {
  count: number
  statuses: Map<number, number>
  succeeded: Set<string>
  failures: Map<string, Failure>
  memory: number[]
  errors: string[]
}): void {
  const sorted = [...statuses].toSorted(([a], [b]) => a - b)
  console.log(
    `${count} cases: ${sorted.map(([status, times]) => `${status} × ${times}`).join(', ')}`,
  )
  const missed = operations.map(({ id }) => id).filter((id) => !succeeded.has(id))
  console.log(
    `${succeeded.size} of ${operations.length} operations succeeded; not: ${missed.join(', ') || 'none'}`,
  )
  console.log(`memory, MB: ${memory.map((size) => Math.round(size / 1024 ** 2)).join(' ')}`)
  console.log(`${failures.size} failures, ${errors.length} errors in the log`)
  for (const error of errors.slice(0, 20)) console.log(`  ${error.slice(0, 2000)}`)
}

/** Shrinks the request and keeps it as a case of the suite. */
async function keep(target: Target, { request, problems, case: number }: Failure): Promise<void> {
  const [problem = ''] = problems
  const kind = kindOf({ request, problems })
  let tries = 0
  const fails = async (candidate: FuzzRequest) => {
    tries += 1
    const values = { ...(await target.refresh()), fresh: `shrink-${number}-${tries}` }
    const found = await examine(target.url, candidate, values)
    return found.problems.some((each) => kindOf({ request: candidate, problems: [each] }) === kind)
  }
  const isSteady = await fails(request)
  const takesLong = problem.startsWith('nothing came')
  const smallest = isSteady && !takesLong ? await shrink(request, fails) : request
  const name = createHash('sha256').update(kind).digest('hex').slice(0, 12)
  const kept: KeptCase = { problem, request: smallest }
  const file = new URL(`cases/${name}.json`, import.meta.url)
  await writeFile(file, `${JSON.stringify(kept, null, 2)}\n`)
  console.log(`${isSteady ? 'kept' : 'came once, kept'} ${file.pathname}: ${kind}`)
}

/** Failures of one kind are one failure. */
function kindOf({ request, problems }: Pick<Failure, 'request' | 'problems'>): string {
  const where = request.kind === 'raw' ? 'raw' : `${request.method} ${request.path.split('?')[0]}`
  const place = where.replaceAll(/\$\{\w+\}/g, '*').slice(0, 80)
  return `${place}: ${problems[0]?.slice(0, 160)}`
}

function loggedErrors({ server }: Target): string[] {
  return server
    .errors()
    .split('\n')
    .filter((line) => line !== '')
}

function hashOf(seed: number, number: number): number {
  return createHash('sha256').update(`${seed} ${number}`).digest().readUInt32LE(0)
}

process.exitCode = await main()

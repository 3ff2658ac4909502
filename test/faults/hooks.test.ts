import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { faultEnvironment } from './environment.ts'

type Ended = { code: number | null; signal: NodeJS.Signals | null; output: string; errors: string }

/** A program in a process that has loaded the faults. */
function runProgram(program: string, faults: Parameters<typeof faultEnvironment>[0]) {
  return new Promise<Ended>((resolve) => {
    const arguments_ = ['--disable-warning=ExperimentalWarning', '--eval', program]
    const env = { PATH: process.env.PATH, ...faultEnvironment(faults) }
    const child = execFile(process.execPath, arguments_, { env }, (_, output, errors) => {
      resolve({ code: child.exitCode, signal: child.signalCode, output, errors })
    })
  })
}

async function newLog(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'parley-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  return join(directory, 'fired')
}

test('a fault kills the process at the passage that was asked for, and is written down before', async () => {
  const log = await newLog()
  const program = `for (const name of ['key.taken', 'call.executed', 'call.executed']) {
    console.log(name); parleyFault(name) }; console.log('alive')`
  const ended = await runProgram(program, { fault: 'call.executed:kill:2', log })
  expect(ended.signal).toBe('SIGKILL')
  expect(ended.output).toBe('key.taken\ncall.executed\ncall.executed\n')
  expect(await readFile(log, 'utf8')).toMatch(/^call\.executed:kill:2 \d+\n$/)
})

test('a fault that is thrown each time is thrown each time', async () => {
  const log = await newLog()
  const program = `for (const turn of [1, 2]) {
    try { parleyFault('drain.begun') } catch (error) { console.log(error.message) } }`
  const { output } = await runProgram(program, { fault: 'drain.begun:throw:*', log })
  expect(output).toBe('A fault was thrown at drain.begun\n'.repeat(2))
  expect((await readFile(log, 'utf8')).trim().split('\n')).toHaveLength(2)
})

test('a calendar that is ahead is ahead for everyone who asks, and keeps what it is given', async () => {
  const program = `console.log(JSON.stringify([Date.now(), new Date().getTime(),
    new Date(5).getTime(), new Date() instanceof Date, Date.UTC(1970, 0, 1)]))`
  const before = Date.now()
  const { output } = await runProgram(program, { clockOffset: 3_600_000 })
  const [now, made, ...rest] = JSON.parse(output)
  expect(now - before).toBeGreaterThanOrEqual(3_600_000)
  expect(made).toBeGreaterThanOrEqual(now)
  expect(rest).toEqual([5, true, 0])
})

test('a process whose faults cannot be installed ends and says why', async () => {
  const ended = await runProgram('console.log(1)', { bug: 'nothing' })
  expect({ code: ended.code, output: ended.output }).toEqual({ code: 78, output: '' })
  expect(ended.errors).toMatch(/^The faults could not be installed: There is no seeded bug nothing/)
})

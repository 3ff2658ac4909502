import { expect, test } from 'vitest'
import { type Sandbox, SandboxFault } from '#tools/code/sandbox.ts'
import { createSandboxPool } from '#tools/code/sandbox-pool.ts'

const call = { signal: new AbortController().signal, group: 'a', onOutput: () => {} }

/** Sandboxes that answer with their number, and break when the code says so. */
function createNumbered() {
  const log: string[] = []
  let started = 0
  let lost = 0
  async function start(): Promise<Sandbox> {
    started += 1
    const number = started
    log.push(`start ${number}`)
    return {
      run: async ({ code }) => {
        if (code === 'break') throw new SandboxFault('broken')
        return { type: 'result', json: String(number) }
      },
      isLost: () => lost === number,
      close: async () => void log.push(`close ${number}`),
    }
  }
  const lose = (number: number) => {
    lost = number
  }
  return { start, log, lose }
}

test('a sandbox is used again until a fault, and never after one', async () => {
  const { start, log } = createNumbered()
  const pool = createSandboxPool({ start, size: 1 })
  await pool.run({ code: '' }, call)
  expect(await pool.run({ code: '' }, call)).toEqual({ type: 'result', json: '1' })
  await expect(pool.run({ code: 'break' }, call)).rejects.toThrow('broken')
  expect(await pool.run({ code: '' }, call)).toEqual({ type: 'result', json: '2' })
  await pool.close()
  expect(log).toEqual(['start 1', 'close 1', 'start 2', 'close 2'])
})

test('one that ended between two calls is replaced before the next', async () => {
  const { start, log, lose } = createNumbered()
  const pool = createSandboxPool({ start, size: 1 })
  await pool.run({ code: '' }, call)
  lose(1)
  expect(await pool.run({ code: '' }, call)).toEqual({ type: 'result', json: '2' })
  await pool.close()
  expect(log).toEqual(['start 1', 'close 1', 'start 2', 'close 2'])
})

test('a pool that is closed starts nothing that stays', async () => {
  const { start, log } = createNumbered()
  const pool = createSandboxPool({ start, size: 1 })
  await pool.close()
  await expect(pool.run({ code: '' }, call)).rejects.toThrow('stopping')
  expect(log).toEqual(['start 1', 'close 1'])
})

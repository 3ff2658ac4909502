import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { childrenOf, orphansAmong } from './children.ts'

test('a process that outlives the one above it is an orphan until it ends, too', async () => {
  const script = 'setsid sleep 61 & setsid sleep 62 & echo; wait'
  const shell = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore'] })
  const closed = once(shell, 'exit')
  await once(shell.stdout, 'data')
  const children = await childrenOf(shell.pid ?? 0)
  const [first, second] = ['sleep 61', 'sleep 62'].map((command) =>
    children.find((child) => child.command.endsWith(command)),
  )
  if (!first || !second) throw new Error(`there are ${JSON.stringify(children)}`)
  process.kill(first.pid, 'SIGKILL')
  shell.kill('SIGKILL')
  await closed
  expect(await orphansAmong(children)).toEqual([second])
  process.kill(second.pid, 'SIGKILL')
  expect(await orphansAmong(children)).toEqual([])
})

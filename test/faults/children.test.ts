import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { type Child, childrenOf, orphansAmong } from './children.ts'

test('a process that outlives the one above it is an orphan until it ends, too', async () => {
  const script = 'setsid sleep 61 & setsid sleep 62 & wait'
  const shell = spawn('sh', ['-c', script], { stdio: 'ignore' })
  const closed = once(shell, 'exit')
  let children: Child[] = []
  await expect
    .poll(async () => {
      children = await childrenOf(shell.pid ?? 0)
      return children.map(({ command }) => command).toSorted()
    })
    .toEqual(['sleep 61', 'sleep 62'])
  const [first, second] = ['sleep 61', 'sleep 62'].map((command) =>
    children.find((child) => child.command === command),
  )
  if (!first || !second) throw new Error(`there are ${JSON.stringify(children)}`)
  process.kill(first.pid, 'SIGKILL')
  shell.kill('SIGKILL')
  await closed
  expect(await orphansAmong(children)).toEqual([second])
  process.kill(second.pid, 'SIGKILL')
  expect(await orphansAmong(children)).toEqual([])
})

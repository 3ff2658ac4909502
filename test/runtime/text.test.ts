import { expect, test } from 'vitest'
import { executeCall } from '#runtime/execute-call.ts'
import { cutToBytes, toldLimit } from '#runtime/text.ts'
import { toolContext } from '../tools/tool-context.ts'

test('a result of 256 KiB is told whole, and one byte more is cut', () => {
  expect(toldLimit).toBe(262_144)
  expect(cutToBytes('a'.repeat(toldLimit), toldLimit)).toHaveLength(toldLimit)
  const told = cutToBytes('a'.repeat(toldLimit + 1), toldLimit)
  expect(told.slice(toldLimit)).toBe('\n[cut: 1 of 262145 bytes are not shown]')
})

test('a result of 5 MiB is kept whole, and one byte more is cut', async () => {
  const most = 5 * 1024 * 1024
  const kept = async (size: number) => {
    const tool = {
      definition: { name: 'say', description: '', parameters: {}, annotations: {}, effect: 'read' },
      execute: async () => ({ type: 'result', output: 'a'.repeat(size), is_error: false }),
    } as unknown as Parameters<typeof executeCall>[0]
    const executed = await executeCall(tool, {}, toolContext())
    return executed.type === 'ended' ? executed.end.result.output : ''
  }
  expect(await kept(most)).toHaveLength(most)
  expect((await kept(most + 1)).slice(most)).toBe('\n[cut: 1 of 5242881 bytes are not shown]')
})

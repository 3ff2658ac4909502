import { readFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import { expect, test } from 'vitest'
import { parseFaults } from './install.ts'
import { applyEdits, type Edit } from './patch.ts'
import { editOf, faultPoints } from './points.ts'
import { seededBugs } from './seeded-bugs.ts'

const repository = new URL('../../', import.meta.url)

/** The changed sources, without their types: what they are changed to has to be a program still. */
async function patched(edits: readonly Edit[]): Promise<string[]> {
  const files = [...new Set(edits.map((edit) => edit.file))]
  return Promise.all(
    files.map(async (file) => {
      const source = await readFile(new URL(file, repository), 'utf8')
      const own = edits.filter((edit) => edit.file === file)
      return stripTypeScriptTypes(applyEdits(source, own))
    }),
  )
}

test.each(faultPoints)('the fault point $name has its place in $file', async (point) => {
  const [source] = await patched([editOf(point)])
  expect(source).toContain(`globalThis.parleyFault('${point.name}')`)
})

test.each(seededBugs)('the seeded bug $name fits the sources', async ({ edits }) => {
  expect(await patched(edits)).not.toEqual([])
})

test.each(seededBugs)('every fault point is still found beside $name', async ({ edits }) => {
  expect(await patched([...edits, ...faultPoints.map(editOf)])).not.toEqual([])
})

test('names are used once', () => {
  const names = [...faultPoints, ...seededBugs].map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
})

test('a patch that fits nowhere, or twice, says so', () => {
  const edit = { file: 'src/x.ts', find: 'a', replace: 'b' }
  expect(() => applyEdits('no', [edit])).toThrow('src/x.ts has nowhere what a patch looks for')
  expect(() => applyEdits('a a', [edit])).toThrow('src/x.ts has 2 times what a patch looks for')
})

test('what is no fault is refused with how to write one', () => {
  expect(parseFaults('call.executed:kill:2,journal.committed:delay 50:*')).toEqual([
    { point: 'call.executed', action: { type: 'kill' }, nth: 2 },
    { point: 'journal.committed', action: { type: 'delay', milliseconds: 50 }, nth: null },
  ])
  expect(() => parseFaults('call.executed:burn:1')).toThrow('write name:action:nth')
  expect(() => parseFaults('nowhere:kill:1')).toThrow('There is no fault point nowhere')
})

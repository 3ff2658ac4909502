import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { resolveWorkingDir } from '../../src/working-dir.ts'

const root = realpathSync(mkdtempSync(join(tmpdir(), 'parley-')))
const workspace = join(root, 'workspace')
mkdirSync(join(workspace, 'inner'), { recursive: true })
mkdirSync(join(root, 'workspace-beside'))
writeFileSync(join(workspace, 'file'), '')
symlinkSync(root, join(workspace, 'out'))
symlinkSync(join(workspace, 'inner'), join(workspace, 'in'))
afterAll(() => rmSync(root, { recursive: true }))

test.each([
  ['.', workspace],
  ['inner', join(workspace, 'inner')],
  ['in', join(workspace, 'inner')],
  [workspace, workspace],
  ['inner/../inner', join(workspace, 'inner')],
])('%s is in the workspace', (path, expected) => {
  expect(resolveWorkingDir(workspace, path)).toBe(expected)
})

test.each([
  '..',
  '../workspace-beside',
  'out',
  'out/workspace-beside',
  '/',
  '/etc',
  'file',
  'none',
])('%s is refused', (path) => {
  expect(() => resolveWorkingDir(workspace, path)).toThrow(/a working_dir is a directory in/)
})

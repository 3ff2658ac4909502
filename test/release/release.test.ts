import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { datedChangelog, unreleasedNotes } from '../../tools/release/changelog.ts'
import { isNewer, withVersion } from '../../tools/release/versions.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')

test('the notes move under the version and its day', () => {
  const before = '# Changelog\n\n## Unreleased\n\n- New.\n\n## 0.1.0 - 2026-01-01\n\n- Old.\n'
  expect(unreleasedNotes(before)).toBe('- New.')
  const after = datedChangelog(before, { version: '0.2.0', day: '2026-02-03' })
  expect(after).toContain('## Unreleased\n\n## 0.2.0 - 2026-02-03\n\n- New.\n\n## 0.1.0')
  expect(unreleasedNotes(after)).toBe('')
})

test('a version changes in each file and nothing else does', async () => {
  for (const file of ['package.json', 'web/package.json', 'package-lock.json']) {
    const text = await readFile(join(root, file), 'utf8')
    const { version } = JSON.parse(text)
    const next = withVersion(text, { file, version: '99.0.0' })
    expect(next).toContain('"version": "99.0.0"')
    expect(withVersion(next, { file, version }), file).toBe(text)
  }
})

test('0.10.0 is after 0.9.1, and no version is after itself', () => {
  expect(isNewer('0.10.0', '0.9.1')).toBe(true)
  expect(isNewer('0.9.1', '0.10.0')).toBe(false)
  expect(isNewer('1.0.0', '1.0.0')).toBe(false)
})

test('a dry run tells what would be released and writes nothing', async () => {
  const { release, git } = await makeRepository()
  const { stdout } = await release('0.2.0', '--dry-run')
  expect(stdout).toContain('0.2.0, with what the changelog says:\n\n- New.')
  expect(await git('status', '--porcelain')).toBe('')
})

test('changes, an old version and silence about a break are each refused', async () => {
  const { release, git, directory } = await makeRepository()
  await git('tag', 'v0.1.0')
  await expect(release('0.1.0')).rejects.toMatchObject({
    stderr: expect.stringMatching(/0\.1\.0 is not after 0\.1\.0\nv0\.1\.0 is tagged already/),
  })
  const document = JSON.parse(await readFile(join(directory, 'openapi/openapi.json'), 'utf8'))
  delete document.paths['/api/chat']
  await writeFile(join(directory, 'openapi/openapi.json'), JSON.stringify(document))
  await expect(release('0.2.0', '--dry-run')).rejects.toMatchObject({
    stderr: expect.stringContaining('The work tree has changes; commit them first'),
  })
  await git('commit', '--quiet', '--all', '--message', 'feat!: no chat')
  await expect(release('0.2.0', '--dry-run')).rejects.toMatchObject({
    stderr: expect.stringContaining('  POST /api/chat is gone'),
  })
  await writeFile(
    join(directory, 'CHANGELOG.md'),
    '# Changelog\n\n## Unreleased\n\n- Breaking: nobody chats.\n',
  )
  await git('commit', '--quiet', '--all', '--message', 'docs: the changelog')
  expect((await release('0.2.0', '--dry-run')).stdout).toContain('Breaking: nobody chats.')
})

test('without a version the usage is told', async () => {
  const { release } = await makeRepository()
  await expect(release('next')).rejects.toMatchObject({
    stderr: expect.stringContaining('npm run release -- X.Y.Z [--dry-run]'),
  })
})

/** A repository with what a release looks at. */
async function makeRepository() {
  const directory = await mkdtemp(join(tmpdir(), 'parley-release-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  const git = async (...words: string[]) => {
    const identity = ['-c', 'user.name=Test', '-c', 'user.email=test@example.com']
    const { stdout } = await run('git', [...identity, ...words], { cwd: directory })
    return stdout.trim()
  }
  await git('init', '--quiet')
  await mkdir(join(directory, 'openapi'))
  await cp(join(root, 'openapi/openapi.json'), join(directory, 'openapi/openapi.json'))
  await writeFile(join(directory, 'package.json'), '{ "version": "0.1.0" }\n')
  await writeFile(join(directory, 'CHANGELOG.md'), '# Changelog\n\n## Unreleased\n\n- New.\n')
  await git('add', '.')
  await git('commit', '--quiet', '--message', 'feat: all of it')
  const program = join(root, 'tools/release/release.ts')
  const release = (...words: string[]) =>
    run(process.execPath, [program, '--root', directory, ...words])
  return { directory, git, release }
}

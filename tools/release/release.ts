import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { breakingChanges } from './breaking.ts'
import { datedChangelog, unreleasedNotes } from './changelog.ts'
import { isNewer, versionedFiles, withVersion } from './versions.ts'

const run = promisify(execFile)
const usage = 'npm run release -- X.Y.Z [--dry-run]'

// Everything between "the work is done" and "the tag is there": what cannot be released is refused
// before anything is written. Nothing is pushed.
try {
  await release()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}

async function release(): Promise<void> {
  const { version, dryRun, root } = readArguments()
  const git = async (...words: string[]) => (await run('git', words, { cwd: root })).stdout.trim()
  const changelog = await readFile(join(root, 'CHANGELOG.md'), 'utf8')
  const notes = unreleasedNotes(changelog)

  await refuse({ version, notes, root, git })
  console.log(`${version}, with what the changelog says:\n\n${notes}\n`)
  if (dryRun) return

  await writeFile(
    join(root, 'CHANGELOG.md'),
    datedChangelog(changelog, { version, day: new Date().toISOString().slice(0, 10) }),
  )
  for (const file of await versionedFiles(root)) {
    const text = await readFile(join(root, file), 'utf8')
    await writeFile(join(root, file), withVersion(text, { file, version }))
  }
  await npm(root, 'run', 'openapi')
  await npm(root, 'run', 'check')
  await git('commit', '--all', '--message', `chore(release): ${version}`)
  await git('tag', '--annotate', `v${version}`, '--message', notes)
  await npm(root, 'run', 'build')
  await npm(join(root, 'dist/client'), 'pack')
  console.log(`v${version} is tagged, and dist/client holds the client's tarball. To publish:
  git push --follow-tags
  npm publish dist/client/parley-client-${version}.tgz`)
}

function readArguments(): { version: string; dryRun: boolean; root: string } {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      'dry-run': { type: 'boolean', default: false },
      root: { type: 'string', default: join(import.meta.dirname, '../..') },
    },
  })
  const [version, ...rest] = positionals
  if (version === undefined || rest.length > 0 || !/^\d+\.\d+\.\d+$/.test(version)) {
    throw new Error(`Name the version: ${usage}`)
  }
  return { version, dryRun: values['dry-run'], root: values.root }
}

async function refuse({
  version,
  notes,
  root,
  git,
}: {
  version: string
  notes: string
  root: string
  git: (...words: string[]) => Promise<string>
}): Promise<void> {
  const { version: current } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  const last = await git('describe', '--tags', '--abbrev=0', '--match', 'v*').catch(() => undefined)
  const reasons = [
    (await git('status', '--porcelain')) !== '' && 'The work tree has changes; commit them first',
    // The first release may have the version that the files begin with.
    last !== undefined && !isNewer(version, current) && `${version} is not after ${current}`,
    (await git('tag', '--list', `v${version}`)) !== '' && `v${version} is tagged already`,
    notes === '' && 'CHANGELOG.md says nothing under Unreleased',
    last !== undefined && (await unsaidBreaks({ last, notes, root, git })),
  ].filter((reason) => typeof reason === 'string')
  if (reasons.length > 0) throw new Error(reasons.join('\n'))
}

/** A client of the last release that would fail has to be told in the changelog. */
async function unsaidBreaks({
  last,
  notes,
  root,
  git,
}: {
  last: string
  notes: string
  root: string
  git: (...words: string[]) => Promise<string>
}): Promise<string | false> {
  const file = 'openapi/openapi.json'
  const changes = breakingChanges(
    JSON.parse(await git('show', `${last}:${file}`)),
    JSON.parse(await readFile(join(root, file), 'utf8')),
  )
  if (changes.length === 0 || /\bbreaking\b/i.test(notes)) return false
  const list = changes.map((change) => `  ${change}`).join('\n')
  return `The contract breaks clients of ${last}, and no line of the changelog begins with "Breaking:"\n${list}`
}

/** Its output is shown as it comes: a check takes minutes. */
async function npm(directory: string, ...words: string[]): Promise<void> {
  const child = spawn('npm', words, { cwd: directory, stdio: 'inherit' })
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`npm ${words.join(' ')} failed; nothing was tagged`)
}

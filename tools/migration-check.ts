import { execFile } from 'node:child_process'
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

// Whether src/store/tables.ts says anything that the migrations do not: drizzle-kit is asked for
// the next migration in a copy of them, and must have none.
const root = fileURLToPath(new URL('..', import.meta.url))
const copy = await mkdtemp(join(tmpdir(), 'parley-migrations-'))
try {
  await cp(join(root, 'migrations'), copy, { recursive: true })
  const before = await readdir(copy)
  const drizzleKit = join(root, 'node_modules/.bin/drizzle-kit')
  const schema = './src/store/tables.ts'
  const flags = ['--dialect', 'postgresql', '--schema', schema, '--out', copy]
  await promisify(execFile)(drizzleKit, ['generate', ...flags], { cwd: root })
  const after = await readdir(copy)
  if (after.length !== before.length) {
    console.error('src/store/tables.ts has changes without a migration.')
    console.error('Run `npm run migration -- --name WHAT_IT_DOES` and commit what it writes.')
    process.exitCode = 1
  }
} finally {
  await rm(copy, { recursive: true })
}

import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

// Lets drizzle-kit write what is missing into a copy: when it writes something, a change of the
// tables has no migration.
const root = fileURLToPath(new URL('..', import.meta.url))
// drizzle-kit takes only paths below its working directory.
const copy = mkdtempSync(join(root, 'node_modules/.migrations-'))
try {
  cpSync(join(root, 'migrations'), copy, { recursive: true })
  const before = readdirSync(copy).length
  const options = ['--dialect', 'postgresql', '--schema', 'src/store/tables.ts']
  execFileSync('drizzle-kit', ['generate', ...options, '--out', relative(root, copy)], {
    cwd: root,
    stdio: 'pipe',
  })
  if (readdirSync(copy).length > before) {
    console.error('src/store/tables.ts has changes without a migration: run npm run migration')
    process.exitCode = 1
  } else console.log('every change of the tables has its migration')
} finally {
  rmSync(copy, { recursive: true })
}

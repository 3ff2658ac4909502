import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

// Re-creates src/http/vendor/scalar/standalone.js.gz: `node tools/vendor-scalar.ts [VERSION]`. Without
// a version it fetches the recorded one and fails when the file is not the recorded one.
const folder = fileURLToPath(new URL('../src/http/vendor/scalar/', import.meta.url))
const recorded = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'))
const version: string = process.argv[2] ?? recorded.version
const script = fetchScript(version)
const sha256 = createHash('sha256').update(script).digest('hex')
if (version === recorded.version && sha256 !== recorded.sha256) {
  throw new Error(`${version} has sha256 ${sha256}, but ${recorded.sha256} is recorded`)
}
writeFileSync(join(folder, 'standalone.js.gz'), gzipSync(script, { level: 9 }))
const manifest = { ...recorded, version, sha256, bytes: script.length }
writeFileSync(join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`)
console.log(`@scalar/api-reference ${version}: ${script.length} bytes, sha256 ${sha256}`)

function fetchScript(wanted: string): Buffer {
  const directory = mkdtempSync(join(tmpdir(), 'scalar-'))
  try {
    execFileSync('npm', ['pack', '--silent', `@scalar/api-reference@${wanted}`], { cwd: directory })
    const archive = `scalar-api-reference-${wanted}.tgz`
    execFileSync('tar', ['xzf', archive, 'package/dist/browser/standalone.js'], { cwd: directory })
    return readFileSync(join(directory, 'package/dist/browser/standalone.js'))
  } finally {
    rmSync(directory, { recursive: true })
  }
}

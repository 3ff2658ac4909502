import { access } from 'node:fs/promises'
import { join } from 'node:path'

const files = [
  'package.json',
  'web/package.json',
  'package-lock.json',
  'deploy/helm/parley/Chart.yaml',
]

/** The files that say which version this is, as far as they are there. */
export async function versionedFiles(root: string): Promise<string[]> {
  const there = await Promise.all(
    files.map((file) =>
      access(join(root, file)).then(
        () => true,
        () => false,
      ),
    ),
  )
  return files.filter((_, index) => there[index])
}

/** The text of one of these files with another version, and everything else as it was. */
export function withVersion(
  text: string,
  { file, version }: { file: string; version: string },
): string {
  if (file.endsWith('.yaml')) {
    return text
      .replace(/^version: .*$/m, `version: ${version}`)
      .replace(/^appVersion: .*$/m, `appVersion: "${version}"`)
  }
  const document = JSON.parse(text)
  if (document.version !== undefined) document.version = version
  for (const path of ['', 'web']) {
    const locked = document.packages?.[path]
    if (locked?.version !== undefined) locked.version = version
  }
  // npm writes short lists on one line each entry, as this does.
  return file === 'package-lock.json'
    ? `${JSON.stringify(document, null, 2)}\n`
    : text.replace(/("version": )"[^"]*"/, `$1"${version}"`)
}

export function isNewer(version: string, than: string): boolean {
  const parts = (text: string) => text.split('.').map(Number)
  const [wanted, current] = [parts(version), parts(than)]
  const index = wanted.findIndex((part, at) => part !== current[at])
  return index !== -1 && (wanted[index] ?? 0) > (current[index] ?? 0)
}

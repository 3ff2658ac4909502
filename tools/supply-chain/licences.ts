import { readFile, writeFile } from 'node:fs/promises'
import { type Manifest, type Package, readLockfile, readManifest } from './lockfile.ts'

const listFile = new URL('../../docs/licences.md', import.meta.url)

/** Licences that ask for no more than their text. What is not here needs a decision. */
const allowed = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'Python-2.0',
  'Unlicense',
])

// Writes the list of what is installed with the server; `--check` compares, so that no dependency
// comes, goes or changes its licence unseen.
const manifest = await readManifest()
const { all, served } = await readLockfile()
const list = toList(served)
const problems = [
  ...served.flatMap(licenceProblems),
  ...all.flatMap(originProblems),
  ...all.flatMap((each) => scriptProblems(each, manifest.allowScripts ?? {})),
  ...versionProblems(manifest),
]
if (process.argv.includes('--check')) {
  const known = await readFile(listFile, 'utf8').catch(() => '')
  problems.push(...difference(known, list))
} else {
  await writeFile(listFile, list)
  process.stdout.write(list)
}
for (const problem of problems) console.error(problem)
if (problems.length > 0) process.exitCode = 1

function toList(installed: Package[]): string {
  const lines = installed.map(
    ({ name, version, license }) => `| ${name} | ${version} | ${license ?? 'none'} |`,
  )
  const unique = [...new Set(lines)].sort()
  return `# Licences

What is installed with the server, without tools for development: ${unique.length} packages. Written by
\`npm run licences\`; a check compares it with the lockfile. \`npm run sbom\` prints the same as CycloneDX.

| package | version | licence |
| --- | --- | --- |
${unique.join('\n')}
`
}

/** Of an \`OR\` one has to be allowed, of an \`AND\` all. */
function licenceProblems({ name, license = '' }: Package): string[] {
  const isAllowed = license
    .replaceAll(/[()]/g, '')
    .split(' OR ')
    .some((choice) => choice.split(' AND ').every((each) => allowed.has(each)))
  if (isAllowed) return []
  const shown = license || 'no licence'
  return [`${name} is under ${shown}; the allowed ones are in tools/supply-chain/licences.ts`]
}

function originProblems({ name, integrity, resolved }: Package): string[] {
  if (integrity === undefined) return [`${name} has no integrity in the lockfile`]
  if (resolved === undefined) return []
  return [`${name} is bound to ${new URL(resolved).host} in the lockfile; run npm install again`]
}

/** What runs when it is installed could do anything: each has to be decided about. */
function scriptProblems({ name, hasInstallScript }: Package, decided: object): string[] {
  if (hasInstallScript !== true || Object.hasOwn(decided, name)) return []
  return [`${name} has an install script; decide about it under allowScripts in package.json`]
}

function versionProblems({
  dependencies,
  devDependencies,
  optionalDependencies,
}: Manifest): string[] {
  const direct = { ...dependencies, ...devDependencies, ...optionalDependencies }
  return Object.entries(direct)
    .filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
    .map(([name, version]) => `${name} is ${version} in package.json; write one exact version`)
}

function difference(known: string, now: string): string[] {
  const before = new Set(known.split('\n'))
  const after = new Set(now.split('\n'))
  const gone = [...before].filter((line) => !after.has(line)).map((line) => `- ${line}`)
  const come = [...after].filter((line) => !before.has(line)).map((line) => `+ ${line}`)
  if (gone.length + come.length === 0) return []
  return [...gone, ...come, 'docs/licences.md is stale; run npm run licences and look at it']
}

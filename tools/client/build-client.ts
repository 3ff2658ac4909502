import { execFile } from 'node:child_process'
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')
const dependencies = ['eventsource-parser', 'openapi-fetch']

/** Makes the package `parley-client` in a folder, which is emptied first; `npm pack` does the rest. */
export async function buildClient({ folder }: { folder: string }): Promise<void> {
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  const compiler = join(root, 'node_modules/.bin/tsc')
  await run(compiler, ['-p', join(import.meta.dirname, 'tsconfig.json'), '--outDir', folder])
  await copyFile(join(root, 'generated/api.d.ts'), join(folder, 'api.d.ts'))
  await Promise.all((await declarations(folder)).map(rewriteImports))
  await copyFile(join(import.meta.dirname, 'README.md'), join(folder, 'README.md'))
  await writeFile(join(folder, 'package.json'), await manifest())
}

async function declarations(folder: string): Promise<string[]> {
  const names = await readdir(folder)
  return names.filter((name) => name.endsWith('.d.ts')).map((name) => join(folder, name))
}

/** The compiler leaves the imports of declarations as they are in the source. */
async function rewriteImports(file: string): Promise<void> {
  const text = await readFile(file, 'utf8')
  const rewritten = text
    .replaceAll("'../../generated/api.d.ts'", "'./api.js'")
    .replaceAll(/(from '\.\/[\w-]+)\.ts'/g, "$1.js'")
  await writeFile(file, rewritten)
}

type Manifest = { version: string; license: string; dependencies: Record<string, string> }

async function manifest(): Promise<string> {
  const server: Manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  const client = {
    name: 'parley-client',
    version: server.version,
    description:
      'The typed client of the Parley agent server: calls, and event streams that resume',
    license: server.license,
    type: 'module',
    sideEffects: false,
    exports: { '.': { types: './index.d.ts', default: './index.js' } },
    types: './index.d.ts',
    files: ['*.js', '*.d.ts'],
    dependencies: Object.fromEntries(
      dependencies.map((name) => [name, `^${server.dependencies[name]}`]),
    ),
  }
  return `${JSON.stringify(client, null, 2)}\n`
}

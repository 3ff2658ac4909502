import { createHash } from 'node:crypto'
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'

const root = join(import.meta.dirname, '../..')
const web = join(root, 'web')
const output = join(web, 'dist')

/** Everything that a browser loads, in bytes of gzip. */
export const sizeBudget = 300 * 1000

export type BuiltPlayground = {
  /** Scripts and styles, in bytes of gzip. */
  size: number
  files: { name: string; size: number }[]
}

/**
 * Builds `web/dist`, compressed, beside what is there, and puts it in its place when it is whole. With
 * `ifStale` it stays beside it when another process was faster: pages may be read from that one already.
 */
export async function buildPlayground({ ifStale = false } = {}): Promise<BuiltPlayground> {
  const stamp = await stampOfSources()
  const { build } = await import('vite')
  const folder = `${output}.${process.pid}`
  try {
    await build({
      configFile: join(web, 'vite.config.ts'),
      logLevel: 'warn',
      build: { outDir: folder, emptyOutDir: true },
    })
    const files = await compress(folder)
    await writeFile(join(folder, stampFile), stamp)
    if (!ifStale || !(await isFresh())) await replace(folder)
    return { files, size: files.reduce((sum, file) => sum + file.size, 0) }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Whether `web/dist` was made of the sources as they are. */
export async function isFresh(): Promise<boolean> {
  const built = await readFile(join(output, stampFile), 'utf8').catch(() => null)
  return built === (await stampOfSources())
}

const stampFile = 'sources.sha256'

async function stampOfSources(): Promise<string> {
  const hash = createHash('sha256')
  for (const file of await sources()) {
    hash.update(`${relative(root, file)}\0`)
    hash.update(await readFile(file))
  }
  return hash.digest('hex')
}

async function sources(): Promise<string[]> {
  const folders = ['web/src', 'web/public', 'src/client']
  const files = ['web/index.html', 'web/vite.config.ts', 'web/package.json', 'package-lock.json']
  const inside = await Promise.all(folders.map((folder) => filesIn(join(root, folder))))
  return [...files.map((file) => join(root, file)), ...inside.flat()].toSorted()
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
}

/** Writes `.br` and `.gz` beside what is text, and answers how large scripts and styles are. */
async function compress(folder: string): Promise<BuiltPlayground['files']> {
  const files = (await filesIn(folder)).filter((file) => /\.(?:js|css|html|svg)$/.test(file))
  const sizes = await Promise.all(
    files.map(async (file) => {
      const content = await readFile(file)
      const zipped = await promisify(gzip)(content, { level: 9 })
      const quality = { [constants.BROTLI_PARAM_QUALITY]: 11 }
      await writeFile(`${file}.gz`, zipped)
      await writeFile(`${file}.br`, await promisify(brotliCompress)(content, { params: quality }))
      return { name: relative(folder, file), size: zipped.length }
    }),
  )
  return sizes.filter(({ name }) => /\.(?:js|css)$/.test(name))
}

/** There is a playground all the while; another process may put its own there: then that one stays. */
async function replace(folder: string): Promise<void> {
  const former = `${folder}.former`
  await rename(output, former).catch(unless('ENOENT'))
  await rename(folder, output).catch(unless('ENOTEMPTY', 'EEXIST'))
  await rm(former, { recursive: true, force: true })
}

function unless(...codes: string[]) {
  return (error: NodeJS.ErrnoException) => {
    if (!codes.includes(error.code ?? '')) throw error
  }
}

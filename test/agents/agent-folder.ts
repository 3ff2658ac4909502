import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { CatalogChange } from '#agents/catalog.ts'
import { openCatalog } from '#agents/catalog.ts'

/** A directory of agent files of its own, and catalogs over it that close with the test. */
export async function openAgentFolder() {
  const directory = await mkdtemp(join(tmpdir(), 'parley-agents-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))

  async function write(name: string, text: string): Promise<void> {
    await writeFile(join(directory, name), text)
  }

  async function serve(options: Partial<Parameters<typeof openCatalog>[0]> = {}) {
    const changes = createQueue<CatalogChange>()
    const problems = createQueue<string>()
    const catalog = await openCatalog({
      sources: ['.'],
      directory,
      environment: {},
      watch: true,
      onChange: changes.push,
      onProblem: problems.push,
      debounce: 5,
      // Longer than any test: what is seen was told by the file system.
      pollInterval: 600_000,
      ...options,
    })
    onTestFinished(() => catalog.close())
    return { catalog, changes, problems }
  }

  return {
    directory,
    write,
    /** As editors save: beside the file, then over it. */
    async replace(name: string, text: string): Promise<void> {
      await write(`.${name}.new`, text)
      await rename(join(directory, `.${name}.new`), join(directory, name))
    },
    remove: (name: string) => rm(join(directory, name)),
    serve,
  }
}

export type Queue<Item> = {
  push(item: Item): void
  /** The oldest that was not taken, as soon as there is one. */
  next(): Promise<Item>
  /** What nobody has taken. */
  rest(): Item[]
}

function createQueue<Item>(): Queue<Item> {
  const items: Item[] = []
  const waiting: ((item: Item) => void)[] = []
  return {
    push(item) {
      const waiter = waiting.shift()
      if (waiter) waiter(item)
      else items.push(item)
    },
    async next() {
      const [item] = items.splice(0, 1)
      return item ?? new Promise<Item>((resolve) => waiting.push(resolve))
    },
    rest: () => items.splice(0),
  }
}

import { buildPlayground, isFresh, sizeBudget } from './build-playground.ts'

/**
 * `npm run web` builds the playground and holds it against its size. With `--if-stale`, before each
 * start, it builds only what is missing or old, and never keeps the server from starting.
 */
// Whatever the shell or a test says: what people load is not made for those who develop it.
process.env.NODE_ENV = 'production'

if (process.argv.includes('--if-stale')) {
  await prepareStart()
} else {
  await build()
}

async function build(): Promise<void> {
  const { files, size } = await buildPlayground()
  for (const file of files) console.log(`${kilobytes(file.size).padStart(9)}  ${file.name}`)
  console.log(
    `${kilobytes(size).padStart(9)}  of ${kilobytes(sizeBudget)} that scripts and styles may take`,
  )
  if (size <= sizeBudget) return
  console.error(
    'The playground is too large: look at what was added, or load it when it is needed.',
  )
  process.exitCode = 1
}

async function prepareStart(): Promise<void> {
  try {
    if (await isFresh()) return
    if (!(await hasBuilder())) return
    await buildPlayground({ ifStale: true })
  } catch (error) {
    console.error(
      `The playground could not be built; the server starts without its newest state: ${error}`,
    )
  }
}

/** A production install has no builder: what is there is served. */
async function hasBuilder(): Promise<boolean> {
  return import('vite').then(
    () => true,
    () => false,
  )
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`
}

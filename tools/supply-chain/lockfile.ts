import { readFile } from 'node:fs/promises'

const root = new URL('../../', import.meta.url)

export type Package = {
  name: string
  version: string
  license?: string
  integrity?: string
  /** Where it would be fetched from; not kept in this repository. */
  resolved?: string
  hasInstallScript?: boolean
}

export type Manifest = {
  name: string
  version: string
  license: string
  dependencies: Record<string, string>
  devDependencies: Record<string, string>
  optionalDependencies: Record<string, string>
  allowScripts?: Record<string, boolean>
}

export async function readManifest(): Promise<Manifest> {
  return JSON.parse(await readFile(new URL('package.json', root), 'utf8'))
}

type Locked = Omit<Package, 'name'> & {
  link?: boolean
  dependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
}

/**
 * What the lockfile installs: `all` of it, and what comes with the server. The flags of the lockfile
 * do not tell, for the tools of the workspace are no development dependencies there.
 */
export async function readLockfile(): Promise<{ all: Package[]; served: Package[] }> {
  const lock: { packages: Record<string, Locked> } = JSON.parse(
    await readFile(new URL('package-lock.json', root), 'utf8'),
  )
  const { packages } = lock
  const paths = Object.keys(packages).filter((path) => nameOf(path) !== '' && !packages[path]?.link)
  return { all: paths.map(toPackage), served: [...reachable(packages)].sort().map(toPackage) }

  function toPackage(path: string): Package {
    const { version = '', ...rest } = packages[path] ?? { version: '' }
    return { ...rest, version, name: nameOf(path) }
  }
}

function nameOf(path: string): string {
  return /.*node_modules\/(.+)$/.exec(path)?.[1] ?? ''
}

function reachable(packages: Record<string, Locked>): Set<string> {
  const found = new Set<string>()
  const waiting = ['']
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const { dependencies, optionalDependencies, peerDependencies } = packages[path] ?? {}
    const names = Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })
    for (const name of names) {
      const place = placeOf(name, path, packages)
      if (place === undefined || found.has(place)) continue
      found.add(place)
      waiting.push(place)
    }
  }
  return found
}

/** The nearest one, as Node looks for it; undefined when an optional one is not installed. */
function placeOf(name: string, from: string, packages: Record<string, Locked>): string | undefined {
  for (
    let base = from;
    ;
    base = base.slice(0, Math.max(0, base.lastIndexOf('node_modules/') - 1))
  ) {
    const place = `${base === '' ? '' : `${base}/`}node_modules/${name}`
    if (packages[place]) return place
    if (base === '') return undefined
  }
}

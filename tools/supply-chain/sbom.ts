import { type Package, readLockfile, readManifest } from './lockfile.ts'

// npm's own `sbom --omit dev` leaves out packages that a development tool needs too, hono among
// them; the lockfile holds all that a bill of materials says.
const { name, version, license } = await readManifest()
const { served } = await readLockfile()
const bill = {
  bomFormat: 'CycloneDX',
  specVersion: '1.6',
  version: 1,
  metadata: {
    component: {
      type: 'application',
      'bom-ref': `${name}@${version}`,
      name,
      version,
      ...licensed(license),
    },
  },
  components: [...new Map(served.map((each) => [referenceOf(each), toComponent(each)])).values()],
}
process.stdout.write(`${JSON.stringify(bill, null, 2)}\n`)

function toComponent(each: Package) {
  return {
    type: 'library',
    'bom-ref': referenceOf(each),
    name: each.name,
    version: each.version,
    purl: referenceOf(each),
    ...licensed(each.license),
    hashes: (each.integrity ?? '').split(' ').map(toHash),
  }
}

function referenceOf({ name, version }: Package): string {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`
}

function licensed(text: string | undefined) {
  if (text === undefined) return {}
  const isExpression = / (OR|AND|WITH) /.test(text)
  return { licenses: [isExpression ? { expression: text } : { license: { id: text } }] }
}

/** `sha512-…` in Base64, as the lockfile has it. */
function toHash(integrity: string): { alg: string; content: string } {
  const [algorithm = '', digest = ''] = integrity.split('-', 2)
  return {
    alg: algorithm.toUpperCase().replace('SHA', 'SHA-'),
    content: Buffer.from(digest, 'base64').toString('hex'),
  }
}

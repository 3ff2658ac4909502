import { join } from 'node:path'
import { buildClient } from './build-client.ts'

const folder = join(import.meta.dirname, '../../dist/client')
await buildClient({ folder })
console.log(`parley-client is in ${folder}; npm pack there makes a tarball`)

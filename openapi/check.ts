import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { documentText, files, writeTypes } from './document-text.ts'
import { lintDocument } from './lint.ts'

const document = documentText()
const problems = [
  ...findStale('openapi/openapi.json', files.document, document),
  ...findStale('generated/api.d.ts', files.types, typesOf(files.document)),
  ...(await lintDocument(document)),
]
for (const problem of problems) console.error(problem)
if (problems.length > 0) process.exit(1)
console.log('openapi.json and its types are what the contract says, and the linter is content')

function findStale(name: string, file: string, wanted: string): string[] {
  return readFileSync(file, 'utf8') === wanted
    ? []
    : [`${name} is not what the contract says: run npm run openapi`]
}

function typesOf(documentFile: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'openapi-'))
  try {
    const types = join(directory, 'api.d.ts')
    writeTypes({ document: documentFile, types })
    return readFileSync(types, 'utf8')
  } finally {
    rmSync(directory, { recursive: true })
  }
}

import { writeFileSync } from 'node:fs'
import { documentText, files, writeTypes } from './document-text.ts'

writeFileSync(files.document, documentText())
writeTypes(files)
console.log('openapi/openapi.json and generated/api.d.ts are written')

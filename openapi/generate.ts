import { writeFileSync } from 'node:fs'
import { documentText, files } from './document-text.ts'

writeFileSync(files.document, documentText())
console.log('openapi/openapi.json is written')

import { isRecord, type JsonRecord } from './openapi-document.ts'

/** References that lead to references are followed so far. */
const longestChain = 16

/** What a node stands for: itself, or what its `$ref` leads to. Throws when that is not there. */
export function dereference(root: JsonRecord, node: unknown): unknown {
  let current = node
  for (let steps = 0; steps < longestChain; steps += 1) {
    if (!isRecord(current) || typeof current.$ref !== 'string') return current
    current = follow(root, current.$ref)
  }
  throw new Error('a reference leads to references without end')
}

/** What a local reference leads to. Others are refused: a document may not make us read another. */
export function follow(root: JsonRecord, reference: string): unknown {
  if (reference !== '#' && !reference.startsWith('#/')) {
    throw new Error(
      `the reference ${JSON.stringify(reference.slice(0, 200))} leads out of the document; put what it means into the document`,
    )
  }
  let current: unknown = root
  for (const part of reference.split('/').slice(1)) {
    const key = keyOf(part)
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, key)) {
      throw new Error(`the reference ${JSON.stringify(reference.slice(0, 200))} leads to nothing`)
    }
    current = Reflect.get(current, key)
  }
  return current
}

function keyOf(part: string): string {
  const pointer = part.replaceAll('~1', '/').replaceAll('~0', '~')
  try {
    return decodeURIComponent(pointer)
  } catch {
    return pointer
  }
}

import type { Fields } from './openai-fields.ts'

/**
 * Numbers frames so that a client comes back to its place whatever became of the log: a delta
 * counts as much as its text is long, so pieces that were joined since end at the same number, and
 * the one that the client has the beginning of is cut.
 */
export function createFrameWriter(startingAfter: number) {
  let next = 0

  function encode(type: string, number: number, fields: Fields): string {
    if (number <= startingAfter) return ''
    return `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: number, ...fields })}\n\n`
  }

  return {
    tell(type: string, fields: Fields): string {
      const number = next
      next += 1
      return encode(type, number, fields)
    },
    /** Tells the deltas of one text; what is the same in all of them is encoded once. */
    deltas(type: string, fields: Fields): (text: string) => string {
      const head = `event: ${type}\ndata: {"type":"${type}","sequence_number":`
      const place = `,${JSON.stringify(fields).slice(1, -1)},"delta":`
      return (text) => {
        const first = next
        next += Math.max(text.length, 1)
        const number = next - 1
        if (number <= startingAfter) return ''
        const known = Math.max(startingAfter - first + 1, 0)
        return `${head}${number}${place}${JSON.stringify(text.slice(known))}}\n\n`
      }
    },
  }
}

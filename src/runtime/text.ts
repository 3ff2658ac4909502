/** Text that the database can hold: well formed, without U+0000. */
export function toStorable(text: string): string {
  return text.toWellFormed().replaceAll('\u0000', '\ufffd')
}

/** Bytes of a tool's result that the model is told. */
export const toldLimit = 256 * 1024

/** The first `limit` bytes of a text in UTF-8, with a note of what is missing. */
export function cutToBytes(text: string, limit: number): string {
  if (text.length * 3 <= limit) return text
  const bytes = Buffer.from(text)
  if (bytes.length <= limit) return text
  // A character that the cut parts is dropped.
  const kept = new TextDecoder('utf-8').decode(bytes.subarray(0, limit)).replace(/\ufffd$/, '')
  return `${kept}\n[cut: ${bytes.length - limit} of ${bytes.length} bytes are not shown]`
}

import { isRequestId, type RequestId } from './mcp-message.ts'

/** Where a stream is, in full: the run, where its showing began, and what it answers. */
export type Place = {
  runId: string
  /** The stream shows what comes after this seq. */
  from: number
  requestId: RequestId
  progressToken: RequestId | null
}

/** The id of an event: a client that shows it to any instance goes on after it. */
export function toEventId({ runId, from, requestId, progressToken }: Place, seq: number): string {
  const call = Buffer.from(JSON.stringify([requestId, progressToken])).toString('base64url')
  return `${runId}:${from}:${seq}:${call}`
}

/** undefined for what is no id of an event here. */
export function readEventId(text: string): { place: Place; seq: number } | undefined {
  const [, runId, from, seq, call] =
    /^(run_[0-9a-z]{1,40}):(\d{1,15}):(\d{1,15}):([\w-]{1,2000})$/.exec(text) ?? []
  const read = call === undefined ? undefined : readCall(call)
  if (runId === undefined || !read) return undefined
  return { place: { runId, from: Number(from), ...read }, seq: Number(seq) }
}

function readCall(text: string): Pick<Place, 'requestId' | 'progressToken'> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString())
    if (!Array.isArray(value) || !isRequestId(value[0])) return undefined
    return { requestId: value[0], progressToken: isRequestId(value[1]) ? value[1] : null }
  } catch {
    return undefined
  }
}

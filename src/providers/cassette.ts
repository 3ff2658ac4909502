import { parse, stringify } from 'yaml'
import { isObject, listAt, objectAt, textAt } from './chunk.ts'

/** The file of `--record` and `--fake`: YAML in the form of go-vcr's cassettes, version 2. */

/** One recorded call: what decides a match, and what was answered. */
export type Interaction = {
  id: number
  method: string
  url: string
  requestBody: string
  status: number
  responseBody: string
}

export const cassetteHead = '---\nversion: 2\ninteractions:\n'

/** The lines that add an interaction to a cassette. */
export function toYaml(interaction: Interaction, duration: string): string {
  const { id, method, url, requestBody, status, responseBody } = interaction
  const protocol = { proto: 'HTTP/1.1', proto_major: 1, proto_minor: 1 }
  const entry = {
    id,
    request: {
      ...protocol,
      content_length: Buffer.byteLength(requestBody),
      host: new URL(url).host,
      body: requestBody,
      url,
      method,
    },
    response: {
      ...protocol,
      content_length: -1,
      body: responseBody,
      headers: {},
      status: String(status),
      code: status,
      duration,
    },
  }
  return stringify([entry], { lineWidth: 0 }).replace(/^(?=.)/gm, '    ')
}

/** Throws an Error that says what a cassette must have. */
export function fromYaml(text: string, file: string): Interaction[] {
  const interactions = listAt(parseYaml(text, file), 'interactions').map(toInteraction)
  const whole = interactions.filter((interaction) => interaction !== undefined)
  if (whole.length === 0 || whole.length < interactions.length) throw notACassette(file)
  return whole
}

function parseYaml(text: string, file: string): unknown {
  try {
    return parse(text)
  } catch (error) {
    throw notACassette(file, error)
  }
}

function notACassette(file: string, cause?: unknown): Error {
  return new Error(
    `${file} is no recording of model calls: it needs interactions with a request (method, url, body) and a response (body, code); make one with --record`,
    { cause },
  )
}

function toInteraction(entry: unknown, index: number): Interaction | undefined {
  const request = objectAt(entry, 'request')
  const response = objectAt(entry, 'response')
  const url = textAt(request, 'url')
  if (!isObject(entry) || !request || !response || url === undefined) return undefined
  const id = entry.id
  const code = response.code
  return {
    id: typeof id === 'number' ? id : index,
    method: textAt(request, 'method') ?? 'POST',
    url,
    requestBody: textAt(request, 'body') ?? '',
    status: typeof code === 'number' ? code : 200,
    responseBody: textAt(response, 'body') ?? '',
  }
}

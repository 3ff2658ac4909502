import { removeAt, replaceAt } from './hostile.ts'
import type { FuzzRequest, HttpRequest, RawRequest } from './request.ts'

/** The smallest request found that still fails, trying `most` at most. */
export async function shrink(
  request: FuzzRequest,
  fails: (request: FuzzRequest) => Promise<boolean>,
  most = 150,
): Promise<FuzzRequest> {
  let smallest = request
  let tries = 0
  for (let found = true; found && tries < most; ) {
    found = false
    for (const candidate of smaller(smallest)) {
      tries += 1
      if (tries > most) break
      if (!(await fails(candidate))) continue
      smallest = candidate
      found = true
      break
    }
  }
  return smallest
}

function smaller(request: FuzzRequest): FuzzRequest[] {
  return request.kind === 'raw' ? smallerRaw(request) : smallerHttp(request)
}

function smallerRaw(request: RawRequest): RawRequest[] {
  const text = request.pieces.join('')
  const lines = text.split('\r\n')
  const withPieces = (pieces: string[]): RawRequest => ({ ...request, pieces })
  return [
    ...(request.pieces.length > 1 ? [withPieces([text])] : []),
    ...lines.map((_, index) => withPieces([lines.filter((__, at) => at !== index).join('\r\n')])),
  ].filter(({ pieces }) => pieces.join('') !== '')
}

function smallerHttp(request: HttpRequest): HttpRequest[] {
  const [path = '', query = ''] = request.path.split('?')
  const parts = query.split('&').filter((part) => part !== '')
  const queries = parts.map((_, index) => parts.filter((__, at) => at !== index).join('&'))
  const headers = Object.keys(request.headers).map((name) =>
    Object.fromEntries(Object.entries(request.headers).filter(([other]) => other !== name)),
  )
  return [
    ...queries.map((rest) => ({ ...request, path: rest === '' ? path : `${path}?${rest}` })),
    ...headers.map((rest) => ({ ...request, headers: rest })),
    ...smallerBodies(request),
  ]
}

function smallerBodies({ body, ...request }: HttpRequest): HttpRequest[] {
  if (body === undefined) return []
  if (typeof body === 'object') return [request]
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    return [request, { ...request, body: body.slice(0, body.length / 2) }]
  }
  // Numbers that JavaScript cannot hold would change when the rest is written again.
  if (JSON.stringify(value) !== body) return [request]
  const places = placesIn(value)
  const removed = places.map((path) => removeAt(value, path))
  const shortened = places.flatMap((path) => {
    const found = path.reduce<unknown>((node, key) => (node as Record<string, unknown>)[key], value)
    if (typeof found !== 'string' || found.length < 8) return []
    return [replaceAt(value, path, found.slice(0, found.length / 2))]
  })
  return [
    request,
    ...[...removed, ...shortened].map((each) => ({ ...request, body: JSON.stringify(each) })),
  ]
}

function placesIn(value: unknown, path: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null || path.length > 6) return []
  // `removeAt` and `replaceAt` know the indexes of arrays as numbers.
  const keys = (Array.isArray(value) ? [...value.keys()] : Object.keys(value)) as string[]
  return keys.slice(0, 20).flatMap((key) => {
    const place = [...path, key]
    return [place, ...placesIn((value as Record<string, unknown>)[key], place)]
  })
}

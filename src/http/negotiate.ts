import { Problem } from '#contract/problem.ts'

/**
 * The offered media type that the Accept header likes best; of equals the first. No header accepts
 * everything.
 */
export function negotiate<Type extends string>(accept: string | undefined, offers: Type[]): Type {
  const [first] = offers
  if (first !== undefined && (accept === undefined || accept === '*/*')) return first
  const ranges = parseAccept(accept ?? '')
  let best: { offer: Type; quality: number } | undefined
  for (const offer of offers) {
    const quality = qualityOf(offer, ranges)
    if (quality > (best?.quality ?? 0)) best = { offer, quality }
  }
  if (best) return best.offer
  throw new Problem('not_acceptable', `Accept must allow ${offers.join(' or ')}`)
}

type Range = { type: string; quality: number }

function parseAccept(accept: string): Range[] {
  return accept.split(',').map((entry) => {
    const [type = '', ...parameters] = entry.split(';').map((part) => part.trim().toLowerCase())
    const weight = parameters.find((parameter) => parameter.startsWith('q='))
    const quality = weight === undefined ? 1 : Number(weight.slice(2))
    return { type, quality: Number.isFinite(quality) ? quality : 0 }
  })
}

/** The most specific range that matches decides. */
function qualityOf(offer: string, ranges: Range[]): number {
  const candidates = [offer, `${offer.slice(0, offer.indexOf('/'))}/*`, '*/*']
  for (const candidate of candidates) {
    const range = ranges.find(({ type }) => type === candidate)
    if (range) return range.quality
  }
  return 0
}

import { toStorableText } from './well-formed.ts'

const longest = 200

/** A provider's own words, short enough and without keys and addresses, so that they can be shown. */
export function redact(text: string, secrets: string[]): string {
  let clean = toStorableText(text.slice(0, 4096))
  for (const secret of secrets) {
    if (secret !== '') clean = clean.replaceAll(secret, '[redacted]')
  }
  for (const pattern of secretForms) clean = clean.replace(pattern, '[redacted]')
  clean = clean.replace(/\s+/g, ' ').trim()
  // Markup is a proxy's error page, not a sentence for people.
  if (/<[a-z!/][^>]*>/i.test(clean)) return ''
  return clean.length > longest ? `${toStorableText(clean.slice(0, longest))}…` : clean
}

/** Keys as providers write them, also partly masked, and any address. */
const secretForms = [
  /\b(?:bearer|basic)\s+\S+/gi,
  /\b(?:sk|pk|rk|gsk|xai|nvapi|hf|tgp|fw|AIza|key|token)[-_][\w*.…-]{6,}/gi,
  /\bAIza[\w-]{10,}/g,
  /\b[a-z][a-z0-9+.-]*:\/\/\S+/gi,
  /\b[A-Za-z0-9_-]{40,}\b/g,
]

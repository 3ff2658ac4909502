import { Problem } from '#contract/problem.ts'
import type { ModelScope } from '#runtime/model.ts'
import type { Detected } from './detect.ts'
import type { ModelSpec } from './endpoint.ts'

/** What a reference names. A bare name that the file doesn't define is a model of the default's provider. */
export function specOf(
  reference: string | undefined,
  scope: ModelScope,
  found: Detected | undefined,
): ModelSpec | 'detected' | 'offline' {
  if (!reference || reference === 'auto') return 'detected'
  const defined = Object.hasOwn(scope.models, reference) ? scope.models[reference] : undefined
  if (defined) {
    const { provider, ...rest } = defined
    if (provider !== undefined) return { ...rest, provider }
    if (rest.base_url !== undefined) return { ...rest, provider: 'custom' }
    const split = splitReference(rest.model)
    if (split) return { ...rest, ...split }
    return found ? { ...rest, provider: found.provider } : 'offline'
  }
  const split = splitReference(reference)
  if (split?.provider === 'offline') return 'offline'
  if (split) return split
  return found ? { provider: found.provider, model: reference } : 'offline'
}

function splitReference(reference: string): { provider: string; model: string } | undefined {
  const slash = reference.indexOf('/')
  if (slash < 0) return undefined
  const [provider, model] = [reference.slice(0, slash), reference.slice(slash + 1)]
  if (provider && model) return { provider, model }
  throw new Problem('validation_failed', `The model ${reference} must be written provider/model`)
}

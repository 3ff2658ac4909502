import { useMemo, useSyncExternalStore } from 'react'
import { type Place, parseHash, toHash } from './hash.ts'

export function usePlace(): Place {
  const hash = useSyncExternalStore(subscribe, () => window.location.hash)
  return useMemo(() => parseHash(hash), [hash])
}

/** Goes somewhere; with `replace` the way back leads past here. */
export function navigate(
  place: { path: string; query?: Place['query'] },
  { replace = false }: { replace?: boolean } = {},
): void {
  const hash = toHash(place)
  if (hash === window.location.hash) return
  if (!replace) {
    window.location.hash = hash
    return
  }
  window.history.replaceState(null, '', hash)
  window.dispatchEvent(new HashChangeEvent('hashchange'))
}

export function sessionPath(session: string): string {
  return `/sessions/${encodeURIComponent(session)}`
}

function subscribe(listener: () => void): () => void {
  window.addEventListener('hashchange', listener)
  return () => window.removeEventListener('hashchange', listener)
}

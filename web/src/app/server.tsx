import { type Client, createClient } from 'parley-client'
import { createContext, type ReactNode, useCallback, useContext, useMemo, useState } from 'react'
import { readApiKey, saveApiKey } from './api-key.ts'
import { describeFailure, isUnauthorized } from './problems.ts'

/** The server that this page came from. */
export type Server = {
  readonly client: Client
  /** Tells the person; where a key is missing, asks for one. */
  report(error: unknown): void
  /** Lets everything be asked again with this key; an empty one forgets the last. */
  takeKey(key: string): void
  /** Whether the person is being asked for a key. */
  readonly asksForKey: boolean
  askForKey(isWanted: boolean): void
  /** Whether a key was shown, and refused. */
  readonly hasKey: boolean
  readonly notices: readonly Toast[]
  notify(text: string, kind?: Toast['kind']): void
  dismiss(key: number): void
}

export type Toast = { readonly key: number; readonly kind: 'error' | 'done'; readonly text: string }

const ServerContext = createContext<Server | null>(null)

export function useServer(): Server {
  const server = useContext(ServerContext)
  if (!server) throw new Error('useServer is called outside of ServerProvider')
  return server
}

/** Where the page lies, which the API lies beside: empty at the root, `/parley` under it. */
export function mountPath(): string {
  return new URL('.', document.baseURI).pathname.replace(/\/$/, '')
}

export function ServerProvider({ children }: { children: (generation: number) => ReactNode }) {
  const [generation, setGeneration] = useState(0)
  const [asksForKey, askForKey] = useState(false)
  const [notices, setNotices] = useState<readonly Toast[]>([])
  const client = useMemo(() => createClient({ baseUrl: mountPath(), token: readApiKey }), [])

  const notify = useCallback((text: string, kind: Toast['kind'] = 'error') => {
    toasts += 1
    const toast = { key: toasts, kind, text }
    // The same is said once.
    setNotices((shown) => [...shown.filter((other) => other.text !== text), toast].slice(-4))
  }, [])

  const server = useMemo(
    (): Server => ({
      client,
      asksForKey,
      askForKey,
      hasKey: readApiKey() !== undefined,
      notices,
      notify,
      report(error) {
        if (isUnauthorized(error)) askForKey(true)
        else notify(describeFailure(error))
      },
      takeKey(key) {
        saveApiKey(key)
        askForKey(false)
        setGeneration((count) => count + 1)
      },
      dismiss: (key) => setNotices((shown) => shown.filter((toast) => toast.key !== key)),
    }),
    [client, asksForKey, notices, notify],
  )
  return <ServerContext value={server}>{children(generation)}</ServerContext>
}

let toasts = 0

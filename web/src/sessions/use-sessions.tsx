import type { Session } from 'parley-client'
import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
} from 'react'
import { useServer } from '../app/server.tsx'

type Sessions = {
  /** Undefined until the server has answered. */
  readonly sessions: readonly Session[] | undefined
  readonly query: string
  search(query: string): void
  readonly hasMore: boolean
  loadMore(): void
  /** Reads the list again: something in it is another one. */
  reload(): void
}

const SessionsContext = createContext<Sessions | null>(null)

export function useSessions(): Sessions {
  const sessions = useContext(SessionsContext)
  if (!sessions) throw new Error('useSessions is called outside of SessionsProvider')
  return sessions
}

const pageSize = 40
/** Milliseconds between looks at what other tabs and programs have begun. */
const interval = 20_000

/** The conversations of the caller, the latest first, as far as they were asked for. */
export function SessionsProvider({ children }: { children: ReactNode }) {
  const { client, report } = useServer()
  const [query, setQuery] = useState('')
  const [page, setPage] = useState<{ sessions: readonly Session[]; cursor: string | null }>()
  const latest = useRef(0)

  // biome-ignore lint/correctness/useExhaustiveDependencies: report is another function each time
  const load = useCallback(
    async ({ cursor, isSilent = false }: { cursor?: string; isSilent?: boolean } = {}) => {
      latest.current += 1
      const turn = latest.current
      const q = query.trim()
      try {
        const { data } = await client.GET('/api/sessions', {
          params: { query: { limit: pageSize, ...(q && { q }), ...(cursor && { cursor }) } },
        })
        if (turn !== latest.current) return
        setPage((known) => ({
          sessions: cursor ? [...(known?.sessions ?? []), ...data.data] : data.data,
          cursor: data.next_cursor,
        }))
      } catch (error) {
        if (!isSilent && turn === latest.current) report(error)
      }
    },
    [client, query],
  )

  useEffect(() => {
    // While somebody writes, only the last words are searched.
    const timer = setTimeout(() => void load(), query ? 200 : 0)
    const look = () => {
      if (document.visibilityState === 'visible') void load({ isSilent: true })
    }
    const looking = setInterval(look, interval)
    document.addEventListener('visibilitychange', look)
    return () => {
      clearTimeout(timer)
      clearInterval(looking)
      document.removeEventListener('visibilitychange', look)
    }
  }, [load, query])

  const value = useMemo(
    (): Sessions => ({
      sessions: page?.sessions,
      query,
      search: setQuery,
      hasMore: (page?.cursor ?? null) !== null,
      loadMore: () => void load(page?.cursor ? { cursor: page.cursor } : {}),
      reload: () => void load({ isSilent: true }),
    }),
    [page, query, load],
  )
  return <SessionsContext value={value}>{children}</SessionsContext>
}

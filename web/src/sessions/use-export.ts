import type { Session } from 'parley-client'
import { useServer } from '../app/server.tsx'
import { titleOf } from './title.ts'

/** Saves a conversation as one document, which importSession takes. */
export function useExport(): (session: Session) => void {
  const { client, report } = useServer()
  return (session) => {
    client
      .GET('/api/sessions/{session}/export', { params: { path: { session: session.id } } })
      .then(({ data }) => save(JSON.stringify(data, null, 2), `${fileName(titleOf(session))}.json`))
      .catch(report)
  }
}

function fileName(title: string): string {
  return (
    title
      .replaceAll(/[^\p{L}\p{N}]+/gu, '-')
      .replaceAll(/^-|-$/g, '')
      .slice(0, 60) || 'session'
  )
}

function save(text: string, name: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  // The download has begun by then.
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}

import { useEffect, useState } from 'react'
import { useServer } from '../app/server.tsx'

/** What an agent says before anybody has said something; undefined when it has no such words. */
export function useWelcome(agent: string | undefined): string | undefined {
  const { client } = useServer()
  const [welcome, setWelcome] = useState<{ agent: string; text: string | undefined }>()
  useEffect(() => {
    if (agent === undefined) return
    const controller = new AbortController()
    client
      .GET('/api/agents/{agent}', { params: { path: { agent } }, signal: controller.signal })
      .then(({ data: { config } }) => {
        const first = config.agents.root ?? Object.values(config.agents)[0]
        setWelcome({ agent, text: first?.welcome_message })
      })
      // The greeting is an ornament: without it the page has its own.
      .catch(() => undefined)
    return () => controller.abort()
  }, [client, agent])
  return welcome?.agent === agent ? welcome?.text : undefined
}

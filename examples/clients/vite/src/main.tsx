import { createClient } from 'parley-client'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { ConversationPage } from './conversation-page.tsx'

const client = createClient({ baseUrl: location.origin })

// The address keeps the session: a reload shows it again, in the middle of a word if need be.
let session = location.hash.slice(1)
if (session === '') {
  const { data } = await client.POST('/api/sessions', { body: {} })
  session = data.id
  history.replaceState(null, '', `#${session}`)
}

const root = document.getElementById('root')
if (root) {
  createRoot(root).render(
    <StrictMode>
      <ConversationPage client={client} session={session} />
    </StrictMode>,
  )
}

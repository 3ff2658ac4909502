import { SessionsProvider } from '../sessions/use-sessions.tsx'
import { AgentsProvider } from './agents.tsx'
import { KeyDialog } from './key-dialog.tsx'
import { Layout } from './layout.tsx'
import { ServerProvider } from './server.tsx'
import { Toasts } from './toasts.tsx'

/** The playground: what it shows is a view of the server that this page came from. */
export function App() {
  return (
    <ServerProvider>
      {(generation) => (
        <>
          {/* Another key is another caller: nothing of the last one stays. */}
          <AgentsProvider key={generation}>
            <SessionsProvider>
              <Layout />
            </SessionsProvider>
          </AgentsProvider>
          <KeyDialog />
          <Toasts />
        </>
      )}
    </ServerProvider>
  )
}
